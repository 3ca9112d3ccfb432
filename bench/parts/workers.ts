import type { Bench } from '../bench.ts';
import { type Load, loadByClients, loadBySchedule, scheduleEvenly, scheduleRandomly } from '../load.ts';
import { createRandom } from '../random.ts';
import { createFact, type Row } from '../results.ts';
import { type Service, startService } from '../service-process.ts';
import { commandServer } from '../services.ts';
import { compareBlocks, median, summarize } from '../statistics.ts';
import { createTexts } from '../texts.ts';

const tokens = 64;
const share = 0.7;

interface Servers {
  readonly single: Service;
  readonly several: Service;
  /** Workers of `several`. */
  readonly count: number;
}

type Loads = Record<'single' | 'several' | 'even' | 'random', Load[]>;

/** A server of so many workers, one thread each. */
const startServer = ({ places, models }: Bench, workers: number, flags: readonly string[] = []) =>
  startService(commandServer({ places, models: models.network }, ['--workers', String(workers), ...flags]), workers);

async function loadFully(service: Service, workers: number, { texts, seconds }: Demand): Promise<Load> {
  const warm = await loadByClients(service.address, 2 * workers, { texts, amount: 4 * workers });
  const amount = Math.max(4 * workers, Math.round((warm.replies.length / warm.seconds) * seconds));
  return loadByClients(service.address, 2 * workers, { texts, amount });
}

interface Demand {
  readonly texts: readonly string[];
  readonly seconds: number;
}

const toRate = ({ replies, seconds }: Load) => replies.length / seconds;
const toTimes = ({ replies }: Load) => replies.map(({ milliseconds }) => milliseconds);

async function measureBlock({ single, several, count }: Servers, demand: Demand, loads: Loads): Promise<void> {
  loads.single.push(await loadFully(single, 1, demand));
  const full = await loadFully(several, count, demand);
  loads.several.push(full);
  const rate = share * toRate(full);
  const amount = Math.max(20, Math.round(rate * demand.seconds * 2));
  loads.even.push(await loadBySchedule(several.address, scheduleEvenly(rate, amount), demand.texts));
  const random = createRandom(loads.random.length);
  loads.random.push(await loadBySchedule(several.address, scheduleRandomly(rate, amount, random), demand.texts));
}

function toRows({ single, several, even, random }: Loads, count: number): Row[] {
  const rates = (loads: readonly Load[]) => loads.map((load) => [toRate(load)]);
  const one = summarize(rates(single));
  const all = summarize(rates(several));
  const atSeventy = summarize(even.map(toTimes));
  const atRandom = summarize(random.map(toTimes));
  return [
    { name: 'one worker', unit: 'requests/s', ...one },
    { name: `${count} workers`, unit: 'requests/s', ...all },
    createFact(
      `${count} workers against ${count} times one worker`,
      (100 * compareBlocks(all.blocks, one.blocks)) / count,
      '%',
    ),
    { name: '70 % load, requests at even intervals', unit: 'ms', ...atSeventy },
    createFact('p99 / p50 of these', atSeventy.p99 / atSeventy.p50, '×'),
    { name: '70 % load, requests at random (Poisson)', unit: 'ms', ...atRandom },
    createFact('p99 / p50 of these, random', atRandom.p99 / atRandom.p50, '×'),
  ];
}

/** Everybody at once: those beyond the depth are turned away at once and told when to come again. */
async function measureOverload(bench: Bench, texts: readonly string[]): Promise<Row[]> {
  const depth = 8;
  const service = await startServer(bench, 1, ['--queue', String(depth)]);
  const amount = 40;
  try {
    const { replies } = await loadBySchedule(service.address, Array(amount).fill(0), texts);
    const answered = replies.filter(({ status }) => status === 200).map(({ milliseconds }) => milliseconds);
    const refused = replies.filter(({ status }) => status === 503);
    const told = refused.filter(({ retryAfter }) => Number(retryAfter) > 0);
    return [
      createFact(`${amount} requests at once, one worker, --queue ${depth}: answered`, answered.length, 'requests'),
      createFact('refused by 503', refused.length, 'requests'),
      createFact('of these, with Retry-After', told.length, 'requests'),
      createFact('median time of a refusal', median(refused.map(({ milliseconds }) => milliseconds)), 'ms'),
      createFact('longest time of an answer', Math.max(...answered), 'ms'),
    ];
  } finally {
    await service.stop();
  }
}

/** What a second worker is worth, how long one waits at 70 % load, and what happens beyond the queue's depth. */
export async function runWorkers(bench: Bench): Promise<void> {
  const { options, progress, words } = bench;
  const count = options.threads;
  const demand = { texts: createTexts(words, tokens, 16), seconds: options.quick ? 0.4 : 2 };
  const loads: Loads = { single: [], several: [], even: [], random: [] };
  const servers = { single: await startServer(bench, 1), several: await startServer(bench, count), count };
  try {
    progress.begin('Workers', options.blocks);
    for (let block = 0; block < options.blocks; block++) {
      await measureBlock(servers, demand, loads);
      progress.step();
    }
    progress.end();
  } finally {
    await Promise.all([servers.single.stop(), servers.several.stop()]);
  }
  bench.save('workers', {
    title: 'Workers of `npm start`',
    about: `Texts of ${tokens} tokens, one thread for each worker, twice as many clients as workers; the clients run on the same processors.`,
    rows: [...toRows(loads, count), ...(await measureOverload(bench, demand.texts))],
  });
}
