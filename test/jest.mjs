// Runs jest with what ONNX Runtime and ES modules need in the process's environment. Arguments go to jest.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepareEnvironment } from './python.mjs';

prepareEnvironment();
const env = {
  ...process.env,
  ORT_DISABLE_TELEMETRY: '1',
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings=ExperimentalWarning`.trim(),
};
const jest = join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, ...process.argv.slice(2)], { stdio: 'inherit', env });
process.exit(status ?? 1);
