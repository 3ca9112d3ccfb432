// The project's own Python environment: made from training/requirements-dev.lock, made again when that file changes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const locks = ['requirements.lock', 'requirements-dev.lock'].map((name) => join(root, 'training', name));

/** All that pip did, for the day on which it fails. */
const log = join(root, '.cache', 'pip.log');

/** Folder of the environment's commands (`python`, `pytest`, `ruff`, `moto_server`). */
export const binaries = join(root, '.venv', 'bin');

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root });
  if (error || status !== 0) throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
};

/** Installs with pip. Only errors are shown: an index may have a hundred lines of warnings. */
function install(python, words) {
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 1 << 26 };
  const { status, stderr, error } = spawnSync(python, ['-m', 'pip', 'install', ...words], options);
  if (error) throw error;
  if (status === 0) return;
  const errors = stderr.split('\n').filter((line) => line && !line.startsWith('WARNING:'));
  throw new Error(`pip install ended with ${status}; ${log} has all that it did.\n${errors.join('\n')}`);
}

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
 * The lock file of the PyTorch that pip finds here, in training/. On Linux the Python index has the one for CUDA alone, with gigabytes of
 * libraries; a machine without a GPU may have been shown the one for CPUs.
 */
export function findTorchLock(python = join(binaries, 'python')) {
  const [torch] = readFileSync(join(root, 'training', 'requirements.txt'), 'utf8').match(/^torch==.*$/m);
  const words = ['install', '--dry-run', '--ignore-installed', '--no-deps', '--quiet', '--report', '-', torch];
  const options = { encoding: 'utf8', maxBuffer: 1 << 26 };
  const { status, stdout, stderr } = spawnSync(python, ['-m', 'pip', ...words], options);
  if (status !== 0) throw new Error(`pip finds no ${torch}:\n${stderr}`);
  const isForCpus = JSON.parse(stdout).install[0].metadata.version.endsWith('+cpu');
  return isForCpus ? 'requirements-cpu.lock' : 'requirements-cuda.lock';
}

/**
 * Makes `.venv` unless it already holds exactly what the requirements ask for. If it is a link, it belongs to another
 * checkout and is used as it is: making it again would empty the environment of the other one.
 */
export function prepareEnvironment() {
  const folder = join(root, '.venv');
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  prepare(folder, locks, (python) => [join(root, 'training', findTorchLock(python))]);
}

/**
 * Makes the environment in `folder` unless it already holds what the files, of which the last includes all, ask for.
 *
 * @param {string[]} files
 * @param {(python: string) => string[]} findMore - further files to install from, found with the environment's own pip.
 */
export function prepare(folder, files, findMore = () => []) {
  const wanted = createHash('sha256')
    .update(files.map((file) => readFileSync(file, 'utf8')).join('\n'))
    .digest('hex');
  const stamp = join(folder, 'requirements.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  run(findPython(), ['-m', 'venv', '--clear', folder]);
  const python = join(folder, 'bin', 'python');
  mkdirSync(join(root, '.cache'), { recursive: true });
  const flags = ['--quiet', '--log', log, '--disable-pip-version-check', '--no-cache-dir'];
  const words = [files.at(-1), ...findMore(python)].flatMap((file) => ['-r', file]);
  install(python, [...flags, ...words]);
  writeFileSync(stamp, wanted);
}

if (process.argv[1] === import.meta.filename) prepareEnvironment();
