import { priceSummary } from '../price.ts';
import type { Row } from '../results.ts';
import { summarize } from '../statistics.ts';

/** Lambda gives one processor per so many MB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const megabytesPerProcessor = 1769;
const sizes = [512, 1024, 1769, 2654, 3538];
const quickSizes = [512, 1769, 3538];

/** Tokens of the texts. */
export const lengths = { short: 25, long: 139 };

/** A memory setting and what goes with it. */
export interface MemorySetting {
  readonly memoryMb: number;
  readonly processors: number;
  /** What the function makes of it by itself. */
  readonly threads: number;
  /** As a column's head. */
  readonly at: string;
}

/** What is measured, on a machine of so many processors. */
export function listSettings(quick: boolean, available: number): MemorySetting[] {
  return (quick ? quickSizes : sizes)
    .map((memoryMb) => ({ memoryMb, processors: memoryMb / megabytesPerProcessor }))
    .filter(({ processors }) => processors <= available)
    .map(({ memoryMb, processors }) => ({
      memoryMb,
      processors,
      threads: Math.max(1, Math.floor(processors)),
      at: `${memoryMb} MB (${processors.toFixed(2)} processors)`,
    }));
}

/** One process: milliseconds from its start to its first answer, and of the answers after that. */
export interface Process {
  readonly firstMs: number;
  readonly times: readonly number[];
}

/** A model and a text under a setting; a process is a block. */
export interface MemoryCase extends MemorySetting {
  readonly model: string;
  readonly tokens: number;
  readonly processes: Process[];
}

/** Milliseconds of a warm answer. */
export const toTimeRows = (cases: readonly MemoryCase[]): Row[] =>
  cases.map(({ model, tokens, at, processes }) => ({
    name: `${model}, ${tokens} tokens`,
    at,
    unit: 'ms',
    ...summarize(processes.map(({ times }) => times)),
  }));

/** Milliseconds from the start to the answer to the short text. */
export const toStartRows = (cases: readonly MemoryCase[]): Row[] =>
  cases
    .filter(({ tokens }) => tokens === lengths.short)
    .map(({ model, at, processes }) => ({
      name: model,
      at,
      unit: 'ms',
      ...summarize(processes.map(({ firstMs }) => [firstMs])),
    }));

/** Dollars for a million of the warm answers. */
export function toCostRows(cases: readonly MemoryCase[]): Row[] {
  const rows = toTimeRows(cases);
  return cases.flatMap(({ memoryMb }, index) => {
    const row = rows[index];
    return row ? [{ ...row, unit: 'dollars', ...priceSummary(row, memoryMb) }] : [];
  });
}
