// A real S3 server for tests: moto's, from the project's Python environment.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const startLimitMs = 120_000;

/** Path of `moto_server`: `MOTO_SERVER` if set, else the one in the project's own Python environment. */
export const motoBinary = () =>
  process.env.MOTO_SERVER ?? join(import.meta.dirname, '..', '..', '.venv', 'bin', 'moto_server');

const findFreePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

const answers = async (endpoint) => {
  try {
    return (await fetch(`${endpoint}/moto-api/data.json`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
};

const waitUntilReady = async (endpoint, child) => {
  const deadline = Date.now() + startLimitMs;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null) throw new Error(`moto_server ended with exit code ${child.exitCode}.`);
    if (Date.now() > deadline) throw new Error(`moto_server did not answer within ${startLimitMs / 1000} s.`);
    await sleep(100);
  }
};

const stopChild = (child) =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });

/**
 * Starts moto on a free port of this machine and waits until it answers: `{ endpoint, stop }`.
 *
 * @param command - what to start, if not moto's own server; it takes the same arguments.
 */
export async function startMoto(command = [motoBinary()]) {
  const [binary, ...words] = command;
  if (!existsSync(binary)) throw new Error(`${binary} is missing: \`npm test\` makes it, or set MOTO_SERVER.`);
  const port = await findFreePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(binary, [...words, '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const stop = () => stopChild(child);
  try {
    await waitUntilReady(endpoint, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}
