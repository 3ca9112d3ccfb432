import type { Bench, Contender } from '../bench.ts';
import { type Load, loadByClients } from '../clients.ts';
import { commandService } from '../contenders.ts';
import { readPeakMemory, startService } from '../processes.ts';
import { addRatios, createFact, createRow } from '../results.ts';
import { takeTurns } from '../runner.ts';
import { createReviews } from '../texts.ts';

/** Requests per second. */
export const toRate = ({ replies, seconds }: Load) => replies.length / seconds;
/** Milliseconds of the answers. */
export const toTimes = ({ replies }: Load) => replies.map(({ milliseconds }) => milliseconds);

/** Starts a contender's service. `rate` is that of its last load, and `loads` has the blocks by the number of clients. */
async function startServing(bench: Bench, contender: Contender, texts: readonly string[]) {
  const processes = contender.service?.processes ?? bench.options.threads;
  const service = await startService((port) => commandService(bench, contender, port, processes), processes);
  const rate = toRate(await loadByClients(service.address, processes, texts, processes));
  return { name: contender.name, padded: contender.padded, processes, service, rate, loads: new Map<number, Load[]>() };
}

type Serving = Awaited<ReturnType<typeof startServing>>;

/**
 * Number of requests for about as many as are wanted. Contenders whose times depend on the lengths get whole passes over the texts: with the beginning of a
 * pass, a faster service would get other lengths than the rest.
 */
export function chooseAmount(
  { padded }: { readonly padded?: boolean | undefined },
  clients: number,
  texts: number,
  wanted: number,
): number {
  if (padded) return Math.max(clients, Math.round(wanted));
  return texts * Math.max(1, Math.ceil((2 * clients) / texts), Math.min(100, Math.round(wanted / texts)));
}

/** Throws if a service refuses or fails: then there is nothing to compare. */
async function measureLevel(serving: Serving, clients: number, texts: readonly string[], seconds: number) {
  const amount = chooseAmount(serving, clients, texts.length, serving.rate * seconds);
  const load = await loadByClients(serving.service.address, clients, texts, amount);
  const failed = load.replies.find(({ status }) => status !== 200);
  if (failed) throw new Error(`${serving.name} answered ${failed.status} with ${clients} clients`);
  serving.rate = toRate(load);
  serving.loads.set(clients, [...(serving.loads.get(clients) ?? []), load]);
}

function save(bench: Bench, all: readonly Serving[], levels: readonly number[]): void {
  const createRows = (unit: string, read: (load: Load) => number[]) =>
    levels.flatMap((clients) => {
      const at = clients === 1 ? '1 client' : `${clients} clients`;
      return all.map(({ name, loads }) => createRow(name, unit, (loads.get(clients) ?? []).map(read), at));
    });
  const rates = createRows('requests/s', (load) => [toRate(load)]);
  const processes = all.map(({ name, processes }) => `${name}: ${processes}`).join(', ');
  const memory = all.map(({ name, service }) => createFact(name, readPeakMemory(service.pid), 'MiB'));
  bench.save('load', addRatios(rates, 'higher'), { processes });
  bench.save('load-times', addRatios(createRows('ms', toTimes)));
  bench.save('peak-memory-services', memory);
}

/** Requests per second and times of answers under 1 to 16 clients, of all contenders that serve. */
export async function measureLoad(bench: Bench): Promise<void> {
  const { contenders, options, words } = bench;
  const texts = createReviews(words, options.quick ? 8 : 16);
  const levels = options.quick ? [2, 8] : [1, 2, 4, 8, 16];
  const all: Serving[] = [];
  try {
    const services = contenders.filter(({ service }) => service);
    await takeTurns('Starting services', 1, services, async (contender) => {
      all.push(await startServing(bench, contender, texts));
    });
    const turns = levels.flatMap((clients) => all.map((serving) => ({ serving, clients })));
    await takeTurns('Requests per second', options.blocks, turns, ({ serving, clients }) =>
      measureLevel(serving, clients, texts, options.quick ? 0.5 : 1),
    );
    save(bench, all, levels);
  } finally {
    await Promise.all(all.map(({ service }) => service.stop()));
  }
}
