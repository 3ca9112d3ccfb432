// What the image test needs from the machine: Linux, root, and a few packages. It installs nothing by itself.
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

// Some of them live in sbin folders, which not every PATH has.
process.env.PATH = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
/** Whether a command is on the PATH. */
export const isInstalled = (command) =>
  process.env.PATH.split(delimiter).some((folder) => isExecutable(join(folder, command)));

/**
 * Checks that this machine can build and run images.
 *
 * @throws Error that lists every obstacle, with the command that removes it.
 */
export function requireTools() {
  const problems = [];
  if (process.platform !== 'linux') problems.push(`Linux is needed; this is ${process.platform}.`);
  else if (process.getuid() !== 0) problems.push('Root is needed for debootstrap and for mounts: use sudo.');
  const missing = Object.keys(packages).filter((command) => !isInstalled(command));
  if (missing.length > 0) {
    const names = missing.map((command) => packages[command]).join(' ');
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
