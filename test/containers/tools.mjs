// What the container suites need from the machine: Linux, root, and a few packages. They install nothing themselves.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Commands by the Debian package that brings them. */
const packages = {
  podman: 'podman',
  runc: 'runc',
  conmon: 'conmon',
  debootstrap: 'debootstrap',
  cmake: 'cmake',
  make: 'make',
  'g++': 'g++',
  python3: 'python3',
  xz: 'xz-utils',
};

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isInstalled = (command) =>
  process.env.PATH.split(delimiter).some((folder) => isExecutable(join(folder, command)));

/**
 * Checks that this machine can build and run images.
 *
 * @param more - further commands that the suite needs, by package.
 * @throws Error that lists every obstacle, with the command that removes it.
 */
export function requireTools(more = {}) {
  const problems = [];
  if (process.platform !== 'linux') problems.push(`Linux is needed; this is ${process.platform}.`);
  else if (process.getuid() !== 0) problems.push('Root is needed for debootstrap and for mounts: use sudo.');
  const needed = { ...packages, ...more };
  const missing = Object.keys(needed).filter((command) => !isInstalled(command));
  if (missing.length > 0) {
    const names = missing.map((command) => needed[command]).join(' ');
    problems.push(`Missing: ${missing.join(', ')}. On Debian: apt-get install --no-install-recommends ${names}`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws Error with the last lines that the command wrote, if it fails.
 */
export function execute(command, args, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status === 0) return stdout;
  const last = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}:\n${last}`);
}

/** Collects what a child process prints: `output()` so far, and `exited`, a promise of its exit code. */
export function watchChild(child) {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return { output: () => output, exited: new Promise((resolve) => child.once('close', resolve)) };
}

/** Registers a function that runs when the suite ends, or when it is killed (see environment.mjs). The last one runs first. */
export const undoLater = (undo) => globalThis.undoLater(undo);
