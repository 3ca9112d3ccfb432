// Podman without a daemon, over a storage of the project's own: its stand-in images carry the names of real ones, and
// builds outside these tests must never use them.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execute, undoLater, watchChild } from './tools.mjs';

/** Where images and what they are made of are kept between runs. Safe to delete. */
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'serverless-bert', 'image-test');

/** Podman's global flags: the private storage, and runc, which needs no cgroup version in particular. */
export const globalFlags = [
  ...['--root', join(cache, 'storage')],
  ...['--runroot', '/run/serverless-bert-image-test'],
  ...['--runtime', 'runc'],
  ...['--cgroup-manager', 'cgroupfs'],
];

// Building in a chroot needs fewer permissions than a container.
const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };

/** AWS Lambda's limits of open files and processes. */
const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

/** Runs podman to its end and returns its standard output, trimmed. */
export const podman = (args, options = {}) => execute('podman', [...globalFlags, ...args], { env, ...options }).trim();

const exists = (image) => spawnSync('podman', [...globalFlags, 'image', 'exists', image], { env }).status === 0;

/** The image's description (`podman image inspect`) by name or id, or `undefined` if there is none. */
export const inspectImage = (image) => (exists(image) ? JSON.parse(podman(['image', 'inspect', image]))[0] : undefined);

/**
 * Builds an image from a Dockerfile, pulling nothing, and returns its id.
 *
 * @param target - the stage to stop at.
 * @param flags - further flags of `podman build`.
 */
export function buildImage({ file, context, tag, target = '', flags = [] }) {
  const own = ['--file', file, '--tag', tag, '--layers', '--pull=never', '--quiet'];
  const stage = target ? ['--target', target] : [];
  const printed = podman(['build', ...own, ...stage, ...flags, context]);
  return printed.slice(printed.lastIndexOf('\n') + 1);
}

/** Removes images of earlier runs that no name points to any more. The images of a run beside this one are younger. */
export const pruneImages = () => podman(['image', 'prune', '--force', '--filter', 'until=24h']);

/** Calls `read` with the folder at which the image's files can be read meanwhile. */
export function withImageFiles(image, read) {
  const folder = podman(['image', 'mount', image]);
  try {
    return read(folder);
  } finally {
    podman(['image', 'unmount', image]);
  }
}

/** Runs a command in a new container of an image, to its end, and returns what it printed. */
export const runOnce = (image, command) =>
  podman(['run', '--rm', '--network', 'none', '--pull', 'never', ...limits, image, ...command]);

/**
 * Starts a container on the host's network, where the suite's servers listen on the loopback address, or on the one that
 * `network` names. It ends with the suite at the latest.
 *
 * @param {{ image: string, name: string, env?: Record<string, string>, flags?: string[], command?: string[], network?: string }} options
 * @returns `name`, `output()` so far, `exited` (a promise of the exit code), `signal(name)` and `stop()`.
 */
export function startContainer({ image, name, env: variables = {}, flags = [], command = [], network = 'host' }) {
  const unique = `serverless-bert-${process.pid}-${name}`;
  const args = [
    ...['run', '--rm', '--name', unique, '--network', network, '--pull', 'never', ...limits],
    ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...flags,
    image,
    ...command,
  ];
  const child = spawn('podman', [...globalFlags, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const { output, exited } = watchChild(child);
  const stop = async () => {
    podman(['rm', '--force', '--time', '0', '--ignore', unique]);
    await exited;
  };
  undoLater(stop);
  const signal = (kind) => podman(['kill', '--signal', kind, unique]);
  return { name: unique, output, exited, signal, stop };
}

/** Reads /proc about the container's first process. */
export function readProcess({ name }) {
  const pid = podman(['container', 'inspect', '--format', '{{.State.Pid}}', name]);
  const read = (file) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  const field = (key) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(read('status'))[1];
  return {
    pid,
    read,
    userId: Number(field('Uid')),
    capabilities: Number.parseInt(field('CapEff'), 16),
    peakMiB: Math.ceil(Number(field('VmHWM')) / 1024),
    readOnlyRoot: /^\S+ \/ \S+ ro[, ]/m.test(read('mounts')),
  };
}
