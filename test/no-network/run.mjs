// `npm run test:no-network` runs the suite of this folder in a network of its own, where every address leads to the loopback interface. Nothing
// can be reached but what the suite starts, and whatever is sent elsewhere is seen (decision 0087).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildLambdaImage, provideLambdaBase } from '../containers/lambda-image.mjs';
import { requireTools } from '../containers/tools.mjs';
import { prepareEnvironment } from '../python.mjs';
import { buildTrainImage } from '../train-image/train-image.mjs';

// Some commands live in sbin folders, which not every PATH has.
process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
requireTools({ ip: 'iproute2', unshare: 'util-linux' });
prepareEnvironment();
provideLambdaBase();
buildLambdaImage();
buildTrainImage();

const everywhere = 'ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo';
const root = join(import.meta.dirname, '..', '..');
const jest = [
  'test/jest.mjs',
  '--config',
  'test/containers/jest.config.mjs',
  'test/no-network',
  ...process.argv.slice(2),
];
const words = ['--net', 'sh', '-c', `${everywhere} && exec "$0" "$@"`, process.execPath, ...jest];
const { status } = spawnSync('unshare', words, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
