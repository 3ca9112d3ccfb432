// `npm run test:processors` tries the sample model on this machine's processor and on emulated ones (qemu-user, three minutes).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { binaries, prepareEnvironment } from '../python.mjs';

prepareEnvironment();
const { status } = spawnSync(join(binaries, 'pytest'), ['-s', import.meta.dirname], { stdio: 'inherit' });
process.exit(status ?? 1);
