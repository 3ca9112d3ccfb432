import { compareBlocks, summarize } from './statistics.ts';

/** The name of this project's rows, or its beginning. */
export const ownName = 'this project';

/** One line of a table. `at` is its column, if the table has several. `ratioName` of the table explains `ratio`. */
export interface Row {
  readonly name: string;
  readonly at?: string | undefined;
  readonly unit: string;
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly blocks: readonly number[];
  readonly ratio?: number | undefined;
}

/** A measurement as it is written to bench/results. `about` explains the figures. */
export interface Table {
  readonly title: string;
  readonly about: string;
  readonly ratioName?: string;
  readonly rows: readonly Row[];
  readonly machine: object;
  /** Options that decide what was measured, and how often. */
  readonly settings?: object;
  /** UTC. */
  readonly date: string;
}

/** A row of values that were measured in several blocks. */
export const createRow = (name: string, unit: string, blocks: readonly (readonly number[])[], at?: string): Row => ({
  ...{ name, at, unit },
  ...summarize(blocks),
});

/** A quantity that is not sampled, such as a size. */
export const createFact = (name: string, value: number, unit: string) => createRow(name, unit, [[value]]);

/** Adds to each row how many times better this project's row of the same column is. */
export function addRatios(rows: readonly Row[], better: 'lower' | 'higher' = 'lower'): Row[] {
  return rows.map((row) => {
    const ours = rows.find(({ name, at }) => name.startsWith(ownName) && at === row.at);
    if (!ours || ours === row) return { ...row, ratio: undefined };
    const [over, under] = better === 'lower' ? [row, ours] : [ours, row];
    return { ...row, ratio: compareBlocks(over.blocks, under.blocks) };
  });
}

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
