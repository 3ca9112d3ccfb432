import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from './engine-process.ts';
import { ask, createAgent } from './load.ts';

/** A contender behind HTTP. */
export interface Service {
  readonly pid: number;
  /** Such as `http://127.0.0.1:41873`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A port that nothing listens on. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

const patienceMs = 180_000;

/** Until it has answered as often as it has processes, each of which loads its own model. */
async function waitUntilReady(address: string, processes: number, failed: () => string | undefined): Promise<void> {
  const agent = createAgent(1);
  const ends = performance.now() + patienceMs;
  for (let answered = 0; answered < processes; ) {
    const { status } = await ask(`${address}/predict?sentence=good`, agent);
    if (status === 200) answered += 1;
    else await sleep(200);
    const reason = failed() ?? (performance.now() > ends ? 'no answer for three minutes' : undefined);
    if (reason) throw new Error(`${address} did not become ready: ${reason}`);
  }
  agent.destroy();
}

/**
 * Starts a service on a free port and waits until it answers.
 *
 * @param create - its command for a port.
 * @param processes - how many processes answer.
 * @throws Error with the last of what it said on standard error, if it ends or stays silent.
 */
export async function startService(create: (port: number) => Command, processes: number): Promise<Service> {
  const port = await findPort();
  const { file, args, env } = create(port);
  const child = spawn(file, [...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  let ended = false;
  child.stderr.on('data', (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-2000);
  });
  const closed = once(child, 'close').then(() => {
    ended = true;
  });
  const address = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await closed;
  };
  try {
    await waitUntilReady(address, processes, () => (ended ? complaints : undefined));
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, address, stop };
}
