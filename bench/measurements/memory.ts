import { availableParallelism } from 'node:os';
import type { Bench } from '../bench.ts';
import { startFunction } from '../function.ts';
import { createProcessorLimit } from '../processor-limit.ts';
import { createRow, type Row } from '../results.ts';
import { listStores, say, takeTurns } from '../runner.ts';
import { createText } from '../texts.ts';
import { describePrices, priceRow } from './cost.ts';

/** Lambda gives one processor per so many MB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const megabytesPerProcessor = 1769;
const sizes = [512, 1024, 1769, 2654, 3538];
const quickSizes = [512, 1769, 3538];

/** Tokens of the texts. */
const lengths = { short: 25, long: 139 };
const pauseMs = 30;

/** The settings that a machine of so many processors can measure, with the threads that the function takes by itself. */
export function listSettings(quick: boolean, available: number) {
  const settings = (quick ? quickSizes : sizes).map((memoryMb) => {
    const processors = memoryMb / megabytesPerProcessor;
    const at = `${memoryMb} MB (${processors.toFixed(2)} processors)`;
    return { memoryMb, processors, threads: Math.max(1, Math.floor(processors)), at };
  });
  return settings.filter(({ processors }) => processors <= available);
}

type MemorySetting = ReturnType<typeof listSettings>[number];

/** A model and a text under a setting. A process is a block: milliseconds to its first answer, and of the answers after that. */
export interface MemoryCase extends MemorySetting {
  readonly model: string;
  readonly tokens: number;
  readonly processes: { readonly firstMs: number; readonly times: readonly number[] }[];
}

/** Milliseconds of a warm answer. */
const createTimeRow = ({ model, tokens, at, processes }: MemoryCase) => {
  const blocks = processes.map(({ times }) => times);
  return createRow(`${model}, ${tokens} tokens`, 'ms', blocks, at);
};
export const createTimeRows = (cases: readonly MemoryCase[]): Row[] => cases.map(createTimeRow);

/** Milliseconds from the start to the answer to the short text. */
export function createStartRows(cases: readonly MemoryCase[]): Row[] {
  const short = cases.filter(({ tokens }) => tokens === lengths.short);
  return short.map(({ model, at, processes }) => {
    const blocks = processes.map(({ firstMs }) => [firstMs]);
    return createRow(model, 'ms', blocks, at);
  });
}

/** Dollars for a million of the warm answers. */
export const createCostRows = (cases: readonly MemoryCase[]): Row[] =>
  cases.map((one) => priceRow(createTimeRow(one), one.memoryMb));

async function measure(bench: Bench, settings: readonly MemorySetting[]): Promise<MemoryCase[]> {
  const { paths, options, words } = bench;
  const cases = listStores(bench).flatMap(({ model, store }) =>
    Object.values(lengths).flatMap((tokens) =>
      settings.map((setting) => ({ ...setting, model, store, tokens, processes: [] as MemoryCase['processes'] })),
    ),
  );
  await takeTurns('Memory', options.blocks, cases, async ({ memoryMb, processors, store, tokens, processes }) => {
    const limit = createProcessorLimit(processors);
    const text = createText(words, tokens, 0);
    try {
      const setting = { ...paths, memoryMb, uri: `file:${store}`, text, enter: limit.enter };
      const { first, ask, stop } = await startFunction(setting);
      const answers = await ask(Array(options.quick ? 5 : 20).fill(text), pauseMs);
      await stop();
      processes.push({ firstMs: first.sinceStart, times: answers.map(({ ms }) => ms) });
    } finally {
      limit.remove();
    }
  });
  return cases;
}

/** Time and cost of an answer by memory setting. Left out, with a sentence, where processor time cannot be limited. */
export async function measureMemory(bench: Bench): Promise<void> {
  const settings = listSettings(bench.options.quick, availableParallelism());
  try {
    createProcessorLimit(Math.max(...settings.map(({ processors }) => processors))).remove();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    say(`Memory is left out: ${reason}. On Linux: sudo npm run bench -- --only memory.`);
    return;
  }
  const cases = await measure(bench, settings);
  const threadsBySetting = settings.map(({ threads, memoryMb }) => `${threads} with ${memoryMb} MB`).join(', ');
  const values = { pauseMs, megabytesPerProcessor, threadsBySetting, tokens: lengths.short };
  bench.save('memory', createTimeRows(cases), values);
  bench.save('memory-start', createStartRows(cases), values);
  bench.save('memory-cost', createCostRows(cases), { prices: describePrices() });
}
