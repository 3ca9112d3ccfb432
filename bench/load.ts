import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One answer, or what came instead of it: then `status` is 0. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly milliseconds: number;
}

/** Answers of some clients, and how long all of it took. */
export interface Load {
  readonly replies: readonly Reply[];
  readonly seconds: number;
}

/** Connections that are kept, one for each client. */
export const createAgent = (clients: number) => new Agent({ keepAlive: true, maxSockets: clients });

/** Asks once. Never rejects. */
export function ask(url: string, agent: Agent): Promise<Reply> {
  const started = performance.now();
  return new Promise((resolve) => {
    const finish = (status: number, retryAfter?: string) =>
      resolve({ status, retryAfter, milliseconds: performance.now() - started });
    const request = get(url, { agent }, (response) => {
      response.on('end', () => finish(response.statusCode ?? 0, response.headers['retry-after']));
      response.on('error', () => finish(0));
      response.resume();
    });
    request.on('error', () => finish(0));
  });
}

/** Asks about a text. */
export const askAbout = (address: string, text: string, agent: Agent) =>
  ask(`${address}/predict?sentence=${encodeURIComponent(text)}`, agent);

interface Demand {
  readonly texts: readonly string[];
  /** Requests in all. */
  readonly amount: number;
}

const pick = (texts: readonly string[], index: number) => texts[index % texts.length] ?? '';

/**
 * Clients that ask, wait for the answer and ask again: how much a service gets done. A number of requests and not of seconds,
 * so that a service that takes seconds for one is not counted by those that happened to end in time.
 */
export async function loadByClients(address: string, clients: number, { texts, amount }: Demand): Promise<Load> {
  const agent = createAgent(clients);
  const replies: Reply[] = [];
  let next = 0;
  const act = async () => {
    while (next < amount) replies.push(await askAbout(address, pick(texts, next++), agent));
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, act));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { replies, seconds };
}

/**
 * Asks on a schedule, however long the answers take: how long one waits at that rate.
 *
 * @param times - milliseconds after the start of each request, ascending.
 */
export async function loadBySchedule(
  address: string,
  times: readonly number[],
  texts: readonly string[],
): Promise<Load> {
  const agent = createAgent(256);
  const started = performance.now();
  const pending: Promise<Reply>[] = [];
  for (const [index, time] of times.entries()) {
    const early = started + time - performance.now();
    if (early > 0) await sleep(early);
    pending.push(askAbout(address, pick(texts, index), agent));
  }
  const replies = await Promise.all(pending);
  agent.destroy();
  return { replies, seconds: (performance.now() - started) / 1000 };
}

/** Moments of requests that come evenly. @param rate - requests per second. */
export const scheduleEvenly = (rate: number, amount: number): number[] =>
  Array.from({ length: amount }, (_, index) => (1000 * index) / rate);

/** Moments of requests that do not know of each other (a Poisson process). */
export function scheduleRandomly(rate: number, amount: number, random: () => number): number[] {
  let time = 0;
  return Array.from({ length: amount }, () => {
    time -= (1000 * Math.log(1 - random())) / rate;
    return time;
  });
}
