import type { Bench } from '../bench.ts';
import { type Load, loadByClients, loadBySchedule, scheduleEvenly, scheduleRandomly } from '../clients.ts';
import { commandServer } from '../contenders.ts';
import { type Service, startService } from '../processes.ts';
import { createFact, createRow, type Row } from '../results.ts';
import { takeTurns } from '../runner.ts';
import { compareBlocks } from '../statistics.ts';
import { createRandom, createTexts } from '../texts.ts';
import { toRate, toTimes } from './load.ts';

const tokens = 64;
const share = 0.7;

interface Demand {
  readonly texts: readonly string[];
  readonly seconds: number;
}

const startServer = (bench: Bench, workers: number) =>
  startService((port) => commandServer(bench, port, workers), workers);

async function loadFully({ address }: Service, workers: number, { texts, seconds }: Demand): Promise<Load> {
  const warmup = await loadByClients(address, 2 * workers, texts, 4 * workers);
  const amount = Math.max(4 * workers, Math.round(toRate(warmup) * seconds));
  return loadByClients(address, 2 * workers, texts, amount);
}

/** One worker and several under full load, then several at a share of it, with requests evenly and at random. */
async function measureBlock(single: Service, several: Service, count: number, block: number, demand: Demand) {
  const one = await loadFully(single, 1, demand);
  const full = await loadFully(several, count, demand);
  const rate = share * toRate(full);
  const amount = Math.max(20, Math.round(rate * demand.seconds * 2));
  const even = await loadBySchedule(several.address, scheduleEvenly(rate, amount), demand.texts);
  const times = scheduleRandomly(rate, amount, createRandom(block));
  return { one, full, even, random: await loadBySchedule(several.address, times, demand.texts) };
}

type Block = Awaited<ReturnType<typeof measureBlock>>;

function createRows(blocks: readonly Block[], count: number): Row[] {
  const readRates = (key: keyof Block) => blocks.map((block) => [toRate(block[key])]);
  const readTimes = (key: keyof Block) => blocks.map((block) => toTimes(block[key]));
  const one = createRow('one worker', 'requests/s', readRates('one'));
  const all = createRow(`${count} workers`, 'requests/s', readRates('full'));
  const even = createRow('70 % load, requests at even intervals', 'ms', readTimes('even'));
  const random = createRow('70 % load, requests at random (Poisson)', 'ms', readTimes('random'));
  const worth = (100 * compareBlocks(all.blocks, one.blocks)) / count;
  return [
    one,
    all,
    createFact(`${count} workers against ${count} times one worker`, worth, '%'),
    even,
    createFact('p99 / p50 of these', even.p99 / even.p50, '×'),
    random,
    createFact('p99 / p50 of these, random', random.p99 / random.p50, '×'),
  ];
}

/** The worth of a second worker, and the waiting time at 70 % load. */
export async function measureWorkers(bench: Bench): Promise<void> {
  const { options, words } = bench;
  const count = options.threads;
  const demand = { texts: createTexts(words, tokens, 16), seconds: options.quick ? 0.4 : 2 };
  const blocks: Block[] = [];
  const [single, several] = [await startServer(bench, 1), await startServer(bench, count)];
  try {
    await takeTurns('Workers', options.blocks, [demand], async (_, block) => {
      blocks.push(await measureBlock(single, several, count, block, demand));
    });
  } finally {
    await Promise.all([single.stop(), several.stop()]);
  }
  bench.save('workers', createRows(blocks, count), { tokens });
}
