import type { Summary } from './statistics.ts';

/** How the rows of this project begin. */
export const ownName = 'this project';

/** One line of a table. */
export interface Row extends Summary {
  readonly name: string;
  /** What it was measured at, such as `32 tokens`, where a table has several columns. */
  readonly at?: string | undefined;
  readonly unit: string;
  /** How many times better this project is; absent from its own rows. */
  readonly ratio?: number | undefined;
  /** What does not fit into a number. */
  readonly note?: string | undefined;
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
  readonly rows: readonly Row[];
}

/** A quantity that was not sampled: a size, a price. */
export function createFact(name: string, value: number, unit: string): Row {
  return { name, unit, p50: value, p99: value, min: value, blocks: [value] };
}
