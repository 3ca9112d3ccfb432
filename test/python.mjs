// The project's own Python environment: made from training/requirements-dev.txt, made again when that file changes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const requirements = ['requirements.txt', 'requirements-dev.txt'].map((name) => join(root, 'training', name));

/** Folder of the environment's commands (`python`, `pytest`, `ruff`, `moto_server`). */
export const binaries = join(root, '.venv', 'bin');

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root });
  if (error || status !== 0) throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
};

const isRecent = (python) =>
  spawnSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { stdio: 'ignore' }).status === 0;

const findPython = () => {
  const python = [process.env.PYTHON, 'python3', 'python3.13', 'python3.12', 'python3.11'].find(
    (p) => p && isRecent(p),
  );
  if (!python) throw new Error('Python 3.11 or newer is needed: install it, or name it in the variable PYTHON.');
  return python;
};

/**
 * Makes `.venv` unless it already holds exactly what the requirements ask for. If it is a link, it belongs to another
 * checkout and is used as it is: making it again would empty the environment of the other one.
 */
export function prepareEnvironment() {
  const folder = join(root, '.venv');
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  prepare(folder, requirements);
}

/** Makes the environment in `folder` unless it already holds what the files, of which the last includes all, ask for. */
export function prepare(folder, files) {
  const wanted = createHash('sha256')
    .update(files.map((file) => readFileSync(file, 'utf8')).join('\n'))
    .digest('hex');
  const stamp = join(folder, 'requirements.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  run(findPython(), ['-m', 'venv', '--clear', folder]);
  const flags = ['--quiet', '--disable-pip-version-check', '--no-cache-dir'];
  run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...flags, '-r', files.at(-1)]);
  writeFileSync(stamp, wanted);
}
