// The docker command as a person has it, with podman behind it. Podman uses the tests' own images, and for this podman only
// ECR's name leads to the registry of these tests.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { globalFlags } from '../containers/podman.mjs';
import { execute, undoLater, watchChild } from '../containers/tools.mjs';

const startLimitMs = 120_000;
const authorities = '/etc/ssl/certs/ca-certificates.crt';

/** In a mount namespace of its own the process sees another /etc/hosts; the machine's stays as it is. */
const withHosts = (file, command) => [
  ...['--mount', '--propagation', 'slave', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"'],
  ...[file, ...command],
];

const configure = (folder, { name, address, certificate }) => {
  const [hosts, trusted] = [join(folder, 'hosts'), join(folder, 'trusted.crt')];
  writeFileSync(hosts, `${readFileSync('/etc/hosts', 'utf8')}\n${address} ${name}\n`);
  writeFileSync(trusted, [authorities, certificate].map((file) => readFileSync(file, 'utf8')).join('\n'));
  const bypass = [process.env.NO_PROXY, name].filter(Boolean).join(',');
  // Building in a chroot needs fewer permissions than a container.
  const env = { BUILDAH_ISOLATION: 'chroot', SSL_CERT_FILE: trusted, NO_PROXY: bypass, no_proxy: bypass };
  return { hosts, env: { ...process.env, ...env } };
};

/**
 * Starts podman's service, which ends with the suite.
 *
 * @param registry - what `startRegistry` gave.
 * @returns `env`, with which `docker` speaks to it, and `docker(args)`.
 */
export async function startEngine(folder, registry) {
  const { hosts, env: serviceEnv } = configure(folder, registry);
  const socket = join(folder, 'podman.sock');
  const command = ['podman', ...globalFlags, 'system', 'service', '--time', '0', `unix://${socket}`];
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = spawn('unshare', withHosts(hosts, command), { env: serviceEnv, stdio });
  const { output, exited } = watchChild(child);
  undoLater(() => {
    child.kill('SIGTERM');
    return exited;
  });
  for (const deadline = Date.now() + startLimitMs; !existsSync(socket); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`podman's service did not start:\n${output()}`);
  }
  const env = {
    DOCKER_HOST: `unix://${socket}`,
    // podman has no BuildKit. A login is kept here, not in the user's own configuration.
    DOCKER_BUILDKIT: '0',
    DOCKER_CONFIG: join(folder, 'docker'),
  };
  const docker = (args) => execute('docker', args, { env: { ...process.env, ...env } });
  return { env, docker };
}
