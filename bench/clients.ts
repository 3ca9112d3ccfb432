import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One answer. `status` is 0 if none came. */
interface Reply {
  readonly status: number;
  readonly milliseconds: number;
}

/** All answers of a load, and how long it took. */
export interface Load {
  readonly replies: readonly Reply[];
  readonly seconds: number;
}

/** Asks once. Never rejects. */
export function ask(url: string, agent?: Agent): Promise<Reply> {
  const started = performance.now();
  return new Promise((resolve) => {
    const finish = (status = 0) => resolve({ status, milliseconds: performance.now() - started });
    const request = get(url, { agent }, (response) => {
      response.on('end', () => finish(response.statusCode));
      response.on('error', () => finish()).resume();
    });
    request.on('error', () => finish());
  });
}

/** Asks about one text after the other, over as many connections as there are clients. `run` starts the requests. */
async function load(
  address: string,
  clients: number,
  texts: readonly string[],
  run: (askNext: () => Promise<Reply>) => Promise<Reply[]>,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const started = performance.now();
  let next = 0;
  const replies = await run(() => {
    const text = texts[next++ % texts.length] ?? '';
    return ask(`${address}/predict?sentence=${encodeURIComponent(text)}`, agent);
  });
  agent.destroy();
  return { replies, seconds: (performance.now() - started) / 1000 };
}

/** Clients that ask, wait for the answer and ask again: the throughput of a service. `amount` is the number of requests. */
export function loadByClients(address: string, clients: number, texts: readonly string[], amount: number) {
  return load(address, clients, texts, async (askNext) => {
    const replies: Reply[] = [];
    let left = amount;
    const runClient = async () => {
      while (left-- > 0) replies.push(await askNext());
    };
    await Promise.all(Array.from({ length: clients }, runClient));
    return replies;
  });
}

/** How long clients ask, in seconds. */
interface Span {
  /** For opening connections: answers that come meanwhile are not in the result. One process takes half a second for 2,000. */
  readonly opening?: number;
  readonly measured: number;
}

/**
 * Clients that ask, wait for the answer and ask again at once, also after a refusal. Requests that have no answer after the
 * given time are not in the result.
 */
export async function loadForSeconds(
  address: string,
  clients: number,
  texts: readonly string[],
  { opening = 0, measured }: Span,
): Promise<Load> {
  const { replies } = await load(address, clients, texts, async (askNext) => {
    const counted: Reply[] = [];
    const begins = performance.now() + 1000 * opening;
    const ends = begins + 1000 * measured;
    const runClient = async () => {
      while (performance.now() < ends) {
        const reply = await askNext();
        if (performance.now() >= begins) counted.push(reply);
      }
    };
    for (let client = 0; client < clients; client++) runClient();
    await sleep(1000 * (opening + measured));
    return [...counted];
  });
  return { replies, seconds: measured };
}

/** Asks at given times, whether earlier answers have come or not. @param times - ascending milliseconds after the start. */
export function loadBySchedule(address: string, times: readonly number[], texts: readonly string[]) {
  return load(address, 256, texts, async (askNext) => {
    const started = performance.now();
    const pending: Promise<Reply>[] = [];
    for (const time of times) {
      const waitMs = started + time - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      pending.push(askNext());
    }
    return Promise.all(pending);
  });
}

/** Times of requests at even intervals. @param rate - requests per second. */
export const scheduleEvenly = (rate: number, amount: number): number[] =>
  Array.from({ length: amount }, (_, index) => (1000 * index) / rate);

/** Times of requests that are independent of each other (a Poisson process). */
export function scheduleRandomly(rate: number, amount: number, random: () => number): number[] {
  let time = 0;
  return Array.from({ length: amount }, () => {
    time -= (1000 * Math.log(1 - random())) / rate;
    return time;
  });
}
