import type { Bench } from '../bench.ts';
import { own } from '../contenders.ts';
import { type Load, loadByClients } from '../load.ts';
import { readPeakMemory } from '../memory.ts';
import { createFact, type Row } from '../results.ts';
import { type Service, startService } from '../service-process.ts';
import { listServices, type ServiceContender } from '../services.ts';
import { compareBlocks, summarize } from '../statistics.ts';
import { createReviews } from '../texts.ts';

interface Serving {
  readonly contender: ServiceContender;
  readonly service: Service;
  /** Requests per second, as far as known: how many requests make a block. */
  rate: number;
  /** Blocks by the number of clients. */
  readonly loads: Map<number, Load[]>;
}

const levelsOf = ({ quick }: Bench['options']) => (quick ? [2] : [1, 2, 4, 8, 16]);

async function start(contender: ServiceContender, texts: readonly string[]): Promise<Serving> {
  const service = await startService(contender.command, contender.processes);
  const { replies, seconds } = await loadByClients(service.address, contender.processes, {
    texts,
    amount: contender.processes,
  });
  return { contender, service, rate: replies.length / seconds, loads: new Map() };
}

/** Loads everybody by turns. Throws if a service refuses or fails: then there is nothing to compare. */
async function measureLevel(
  serving: Serving,
  clients: number,
  { texts, seconds }: { texts: readonly string[]; seconds: number },
) {
  const amount = Math.max(clients, Math.min(2000, Math.round(serving.rate * seconds)));
  const load = await loadByClients(serving.service.address, clients, { texts, amount });
  const failed = load.replies.find(({ status }) => status !== 200);
  if (failed) throw new Error(`${serving.contender.name} answered ${failed.status} with ${clients} clients`);
  serving.rate = load.replies.length / load.seconds;
  serving.loads.set(clients, [...(serving.loads.get(clients) ?? []), load]);
}

const toRates = (loads: readonly Load[]) => loads.map(({ replies, seconds }) => [replies.length / seconds]);
const toTimes = (loads: readonly Load[]) => loads.map(({ replies }) => replies.map(({ milliseconds }) => milliseconds));

function toRows(all: readonly Serving[], clients: number): { rates: Row[]; times: Row[] } {
  const at = clients === 1 ? '1 client' : `${clients} clients`;
  const read = ({ loads }: Serving) => loads.get(clients) ?? [];
  const ours = all.find(({ contender }) => contender.key === own);
  const ratio = (
    other: Serving,
    better: (theirs: readonly number[], ours: readonly number[]) => number,
    values: (loads: readonly Load[]) => number[][],
  ) =>
    ours && other !== ours
      ? better(summarize(values(read(other))).blocks, summarize(values(read(ours))).blocks)
      : undefined;
  return {
    rates: all.map((serving) => ({
      name: serving.contender.name,
      at,
      unit: 'requests/s',
      ...summarize(toRates(read(serving))),
      ratio: ratio(serving, (theirs, mine) => compareBlocks(mine, theirs), toRates),
    })),
    times: all.map((serving) => ({
      name: serving.contender.name,
      at,
      unit: 'ms',
      ...summarize(toTimes(read(serving))),
      ratio: ratio(serving, compareBlocks, toTimes),
    })),
  };
}

function save(bench: Bench, all: readonly Serving[], levels: readonly number[]): void {
  const rows = levels.map((clients) => toRows(all, clients));
  const texts = 'Reviews; each client asks, waits for the answer and asks again. Clients run on the same processors.';
  const processes = all.map(({ contender }) => `${contender.name}: ${contender.processes}`).join(', ');
  bench.save('load', {
    title: 'Requests per second over HTTP',
    about: `${texts} Processes that answer: ${processes}; one thread each, but the tutorial's have PyTorch's default.`,
    rows: rows.flatMap(({ rates }) => rates),
  });
  bench.save('load-times', {
    title: 'Time of an answer over HTTP',
    about: texts,
    rows: rows.flatMap(({ times }) => times),
  });
  bench.save('peak-memory-services', {
    title: 'Peak memory of a service',
    about: 'Resident memory of all its processes, each at its own peak; pages that they share count for each.',
    rows: all.map(({ contender, service }) => createFact(contender.name, readPeakMemory(service.pid), 'MiB')),
  });
}

/** Requests per second and times of answers under 1 to 16 clients, of everybody who can serve. */
export async function runLoad(bench: Bench): Promise<void> {
  const { places, packages, models, options, progress, words } = bench;
  const contenders = listServices({ places, packages, models: models.network, threads: options.threads });
  const texts = createReviews(words, 16);
  const levels = levelsOf(options);
  const all: Serving[] = [];
  try {
    progress.begin('Starting services', contenders.length);
    for (const contender of contenders) {
      all.push(await start(contender, texts));
      progress.step();
    }
    progress.end();
    progress.begin('Requests per second', options.blocks * levels.length * all.length);
    for (let block = 0; block < options.blocks; block++) {
      for (const clients of levels) {
        for (const serving of all) {
          await measureLevel(serving, clients, { texts, seconds: options.quick ? 0.5 : 1 });
          progress.step();
        }
      }
    }
    progress.end();
    save(bench, all, levels);
  } finally {
    await Promise.all(all.map(({ service }) => service.stop()));
  }
}
