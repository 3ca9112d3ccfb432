import type { Summary } from './statistics.ts';

/** How the rows of this project begin. */
export const ownName = 'this project';

/** What a ratio means unless a table says otherwise. */
export const better = 'this project is better by';

/** One line of a table. */
export interface Row extends Summary {
  readonly name: string;
  /** What it was measured at, such as `32 tokens`, where a table has several columns. */
  readonly at?: string | undefined;
  readonly unit: string;
  /** What `ratioName` of the table says, if the row has one. */
  readonly ratio?: number | undefined;
}

/** What was measured, as it is written to bench/results. */
export interface Table {
  readonly title: string;
  /** In words or by name: processor, versions. */
  readonly machine: unknown;
  /** UTC. */
  readonly date: string;
  /** What the figures are and what they are not, for the reader. */
  readonly about?: string | undefined;
  /** What the rows' ratios mean. */
  readonly ratioName?: string | undefined;
  readonly rows: readonly Row[];
}

/** Whether these are a table of this form: bench/results may hold others as well. */
export const isRow = (row: unknown): row is Row =>
  typeof row === 'object' &&
  row !== null &&
  'name' in row &&
  'p50' in row &&
  'blocks' in row &&
  Array.isArray(row.blocks);

/** A quantity that was not sampled: a size, a price. */
export function createFact(name: string, value: number, unit: string): Row {
  return { name, unit, p50: value, p99: value, min: value, blocks: [value] };
}
