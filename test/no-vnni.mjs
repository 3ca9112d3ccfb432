// `npm run test:no-vnni`: the sample model's labels on an emulated processor without VNNI (qemu-user, five minutes).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { binaries, prepareEnvironment } from './python.mjs';

prepareEnvironment();
const file = join(import.meta.dirname, 'training', 'sample_without_vnni.py');
const { status } = spawnSync(join(binaries, 'pytest'), ['-s', file], { stdio: 'inherit' });
process.exit(status ?? 1);
