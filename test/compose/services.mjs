// The services of docker-compose.yml. Podman starts them one by one, in a network of their own, with a stand-in for moto's image.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { podman, startContainer } from '../containers/podman.mjs';
import { ensureDebian } from '../containers/stand-in.mjs';
import { undoLater } from '../containers/tools.mjs';
import { binaries } from '../python.mjs';

const root = join(import.meta.dirname, '..', '..');
const healthLimitMs = 90_000;

/** The file's services by name. */
export const readServices = () =>
  parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }).services;

/** Translates a service's settings to podman's flags. Any other setting is an Error, because the test would not see it. */
const translators = {
  image: () => [],
  build: () => [],
  // Where these tests run there is no GPU.
  profiles: () => [],
  deploy: () => [],
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
 * @param {{ flags: string[], command: string[] }} [standIn] - what the stand-in for the service's image needs to run.
 * @returns what `startContainer` gives.
 */
export function startService(name, network, standIn) {
  const service = readServices()[name];
  const hosts = Object.keys(readServices()).flatMap((other) => ['--add-host', `${other}:127.0.0.1`]);
  return startContainer({
    image: service.image,
    name,
    env: service.environment ?? {},
    network: network.name,
    flags: [...translate(service), ...hosts, ...(standIn?.flags ?? [])],
    command: standIn?.command ?? service.command ?? [],
  });
}

/** Runs the service's health check in its container. Throws an Error if it fails. */
export function checkHealth(name, container) {
  const [kind, ...test] = readServices()[name].healthcheck.test;
  if (kind !== 'CMD') throw new Error(`The health check of ${name} is no list that begins with CMD.`);
  podman(['exec', container.name, ...test]);
}

/** Runs the service's health check in its container until it succeeds. */
export async function waitUntilHealthy(name, container) {
  for (const deadline = Date.now() + healthLimitMs; ; await sleep(500)) {
    try {
      return checkHealth(name, container);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${error.message}\n${container.output()}`);
    }
  }
}

/** The version of moto that the tests run, by its requirement. */
export const motoVersion = () =>
  /^moto\[server\]==(\S+)$/m.exec(readFileSync(join(root, 'training', 'requirements-dev.txt'), 'utf8'))[1];

/**
 * Provides moto's image, which many machines cannot pull: Debian, over which this machine's Python and the tests' own moto are
 * mounted. It gets the image's name in the tests' storage only.
 *
 * @returns the flags and the command that it needs to run.
 */
export function provideEmulator(image) {
  podman(['tag', ensureDebian(), image]);
  const environment = realpathSync(dirname(binaries));
  const python = /^home = (.+)$/m.exec(readFileSync(join(environment, 'pyvenv.cfg'), 'utf8'))[1].trim();
  const folders = [...new Set(['/usr', dirname(python), environment])];
  const flags = folders.flatMap((folder) => ['--volume', `${folder}:${folder}:ro`]);
  return { flags, command: [join(environment, 'bin', 'moto_server'), '-H', '0.0.0.0'] };
}

/**
 * Starts a network with nothing on it but its loopback address: every port is free, and nothing leads out. It ends with the suite.
 *
 * @returns `name` for podman, and `run(command, args)`, which runs a command in it.
 */
export async function startNetwork() {
  const script = 'ip link set lo up && echo ready && exec sleep infinity';
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  undoLater(() => {
    holder.kill('SIGKILL');
    return ended;
  });
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(([code]) => {
      throw new Error(`unshare --net ended with ${code}.`);
    }),
  ]);
  const file = `/proc/${holder.pid}/ns/net`;
  const run = (command, args) => spawnSync('nsenter', [`--net=${file}`, command, ...args], { encoding: 'utf8' });
  return { name: `ns:${file}`, run };
}
