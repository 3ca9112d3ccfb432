// Podman without a daemon, over a storage of the project's own: its stand-in images carry the names of real ones, which
// no build outside these tests may ever pick up.
import { spawn, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execute } from './tools.mjs';

/** Where images and what they are made of are kept between runs. Safe to delete. */
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'serverless-bert', 'image-test');

/** Podman's global flags: the private storage, and runc, which needs no cgroup version in particular. */
export const globalFlags = [
  ...['--root', join(cache, 'storage')],
  ...['--runroot', '/run/serverless-bert-image-test'],
  ...['--runtime', 'runc'],
  ...['--cgroup-manager', 'cgroupfs'],
];

// Building in a chroot asks less of the kernel than a container does.
const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };

/** Runs podman to its end and returns its standard output, trimmed. */
export const podman = (args, options = {}) => execute('podman', [...globalFlags, ...args], { env, ...options }).trim();

const exists = (image) => spawnSync('podman', [...globalFlags, 'image', 'exists', image], { env }).status === 0;

/** The image's description (`podman image inspect`) by name or id, or `undefined` if there is none. */
export const inspectImage = (image) => (exists(image) ? JSON.parse(podman(['image', 'inspect', image]))[0] : undefined);

/** Builds an image from a Dockerfile, pulling nothing, and returns its id. `target` stops at that stage. */
export function buildImage({ file, context, tag, target, args = {}, labels = {} }) {
  const flags = [
    ...['--file', file, '--tag', tag, '--layers', '--pull=never', '--quiet'],
    ...(target ? ['--target', target] : []),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  ];
  return podman(['build', ...flags, context])
    .split('\n')
    .at(-1);
}

/** Calls `read` with the folder at which the image's files can be read meanwhile. */
export function withImageFiles(image, read) {
  const folder = podman(['image', 'mount', image]);
  try {
    return read(folder);
  } finally {
    podman(['image', 'unmount', image]);
  }
}

/**
 * Starts a container on the host's network, where the test's servers listen on the loopback address, or on the one that
 * `network` names. The limits of open files and processes are AWS Lambda's.
 *
 * @returns `name`, `output()` so far, `exited` (a promise of the exit code) and `stop()`.
 */
export function startContainer({ image, name, env: variables = {}, flags = [], command = [], network = 'host' }) {
  const args = [
    ...['run', '--rm', '--name', name, '--network', network, '--pull', 'never'],
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
    ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...flags,
    image,
    ...command,
  ];
  const child = spawn('podman', [...globalFlags, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const exited = new Promise((resolve) => child.once('close', resolve));
  const stop = () => podman(['rm', '--force', '--time', '0', '--ignore', name]);
  return { name, output: () => output, exited, stop };
}
