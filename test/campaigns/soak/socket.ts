// The part `socket`: `npm start --workers 2` under load, with switches of the version and killed workers.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Part } from '../campaign.ts';
import { createAsk, type Send } from './asking.ts';
import { chooseRhythm, killWorkers, listChildren, publishBoth } from './disturbances.ts';
import type { Reply } from './replies.ts';
import { sendWhileSwitching } from './switched-load.ts';

const workers = 2;
const clients = 8;

/** Milliseconds in which the last killed worker is replaced, and the last replaced model released. */
const settleMs = 10_000;

const others = [
  ['/metrics', 200],
  ['/health', 200],
  ['/ready', 200],
  ['/nowhere', 404],
] as const;

/** Starts the server and waits until it is ready. */
async function startServer(
  dist: string,
  root: string,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const words = [join(dist, 'local', 'serve.mjs'), '--port', '0', '--workers', String(workers)];
  const env = { ...process.env, MODEL_URI: `file:${root}`, MODEL_REFRESH_SECONDS: '1' };
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (data) => {
      said += data;
      const port = /http:\/\/[^:]+:(\d+)\/predict/.exec(said)?.[1];
      if (port !== undefined) resolve({ child, port: Number(port) });
    });
    child.once('exit', () => reject(new Error(`The server ended: ${said}`)));
  });
}

async function readReply(response: IncomingMessage): Promise<Reply> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  const version = response.headers['x-model-version'];
  return { status: response.statusCode ?? 0, version: version === undefined ? undefined : String(version), text };
}

const createSend =
  (port: number, agent: Agent): Send =>
  (path, body) =>
    new Promise((resolve, reject) => {
      const asked =
        body === undefined ? { method: 'GET' } : { method: 'POST', headers: { 'Content-Type': 'application/json' } };
      const sent = request({ ...asked, port, host: '127.0.0.1', agent, path });
      sent.on('error', reject);
      sent.on('response', (response) => readReply(response).then(resolve, reject));
      sent.end(body);
    });

/** Waits for as many worker processes as the server should have. */
async function findStrayWorkers(pid: number): Promise<string[]> {
  for (const end = performance.now() + settleMs; performance.now() < end; await sleep(100))
    if (listChildren(pid).length === workers) return [];
  return [`The server has ${listChildren(pid).length} worker processes after the last request, not ${workers}.`];
}

export const socket: Part = {
  name: 'socket',
  unit: 'requests',
  short: 15_000,
  parallel: false,
  run: async (context) => {
    const { count, seed, folder, dist } = context;
    const root = await publishBoth(folder);
    const { child, port } = await startServer(dist, root);
    const pid = child.pid ?? 0;
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    const killing = killWorkers(chooseRhythm(count), pid, seed);
    try {
      const ask = createAsk(createSend(port, agent), seed, others);
      const { outcomes, findings, ...outcome } = await sendWhileSwitching(
        { name: 'server', clients, pid, ask },
        context,
        root,
      );
      const kills = await killing.stop();
      return {
        ...outcome,
        outcomes: { ...outcomes, 'workers killed': kills },
        findings: [...findings, ...(await findStrayWorkers(pid))],
      };
    } finally {
      await killing.stop();
      agent.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  },
};
