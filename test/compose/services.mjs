// The services of docker-compose.yml, as podman starts them: one by one, from the same file.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { globalFlags, podman, startContainer } from '../image/podman.mjs';
import { execute } from '../image/tools.mjs';

const root = join(import.meta.dirname, '..', '..');
const healthLimitMs = 90_000;

/** The file's services by name. */
export const readServices = () =>
  parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }).services;

/** What podman has flags for. Anything else in a service is an Error: the test would not see it. */
const translators = {
  image: () => [],
  build: () => [],
  command: () => [],
  // The containers share one network, in which every port is open.
  ports: () => [],
  environment: () => [],
  healthcheck: () => [],
  depends_on: () => [],
  read_only: (on) => (on ? ['--read-only', '--read-only-tmpfs=false'] : []),
  cap_drop: (names) => names.flatMap((name) => ['--cap-drop', name]),
  security_opt: (options) => options.flatMap((option) => ['--security-opt', option]),
  tmpfs: (mounts) => mounts.flatMap((mount) => ['--tmpfs', mount]),
  volumes: (mounts) =>
    mounts.flatMap((mount) => {
      const [source, ...rest] = mount.split(':');
      return ['--volume', [resolve(root, source), ...rest].join(':')];
    }),
};

const translate = (service) =>
  Object.entries(service).flatMap(([key, value]) => {
    if (!(key in translators)) throw new Error(`docker-compose.yml: nothing here translates ${key} for podman.`);
    return translators[key](value);
  });

/**
 * Starts a service's container.
 *
 * @param more - `flags` and a `command` for a stand-in.
 * @returns what `startContainer` gives.
 */
export function startService(name, { network, more = {} }) {
  const service = readServices()[name];
  const hosts = Object.keys(readServices()).flatMap((other) => ['--add-host', `${other}:127.0.0.1`]);
  return startContainer({
    image: service.image,
    name: `serverless-bert-${process.pid}-${name}`,
    env: service.environment ?? {},
    network: network.name,
    flags: [...translate(service), ...hosts, ...(more.flags ?? [])],
    command: more.command ?? service.command ?? [],
  });
}

/** Runs the service's health check in its container until it succeeds. */
export async function waitUntilHealthy(name, container) {
  const [kind, ...test] = readServices()[name].healthcheck.test;
  if (kind !== 'CMD') throw new Error(`The health check of ${name} is no list that begins with CMD.`);
  for (const deadline = Date.now() + healthLimitMs; ; await sleep(500)) {
    try {
      return void podman(['exec', container.name, ...test]);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${error.message}\n${container.output()}`);
    }
  }
}

/** Runs a command in a new container of an image, to its end. */
export function runOnce(image, command) {
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const flags = ['--rm', '--network', 'none', '--pull', 'never', ...limits];
  return execute('podman', [...globalFlags, 'run', ...flags, image, ...command]);
}
