// Runs jest with what ONNX Runtime and ES modules need in the process's environment. Arguments go to jest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { prepareEnvironment } from './python.mjs';

prepareEnvironment();
// Temporary files of the tests are removed at the end.
const temporary = mkdtempSync(join(tmpdir(), 'tests-'));
// The built project lies inside the project, so that Node finds the packages.
const built = join(import.meta.dirname, '..', '.cache', `built-${basename(temporary)}`);
const env = {
  ...process.env,
  TMPDIR: temporary,
  TEST_BUILD: built,
  ORT_DISABLE_TELEMETRY: '1',
  VERIFICATION_CACHE: 'off',
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings=ExperimentalWarning`.trim(),
};
const jest = join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const child = spawn(process.execPath, [jest, ...process.argv.slice(2)], { stdio: 'inherit', env });
// This process waits while jest stops what it started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const [status] = await once(child, 'exit');
for (const folder of [temporary, built]) rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
