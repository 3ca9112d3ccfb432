// What changed between two runs of the benchmark, and how much of it is noise.
import type { Row, Table } from './results.ts';
import { mean } from './statistics.ts';

/** A row that both runs have. */
export interface Change {
  readonly measure: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** After ÷ before, of the geometric means of the blocks. NaN where a value is not above zero. */
  readonly ratio: number;
  /** The factor within which the ratio of two equal programs stays in 95 of 100 comparisons. Undefined without several blocks on each side. */
  readonly noise: number | undefined;
  readonly verdict: 'better' | 'worse' | 'within noise' | 'one value';
}

/** Student's t for 95 % on both sides, by degrees of freedom from 1. */
const quantiles = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
const findQuantile = (freedom: number) => quantiles[freedom - 1] ?? 2.2;

/** The mean of the logarithms and the square of its standard error. */
function summarizeLogarithms(blocks: readonly number[]) {
  const logarithms = blocks.map(Math.log);
  const center = mean(logarithms);
  const squares = logarithms.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { center, variance: squares / Math.max(1, blocks.length - 1) / blocks.length };
}

function judge(ratio: number, noise: number | undefined, unit: string): Change['verdict'] {
  if (noise === undefined) return 'one value';
  if (!(Math.abs(Math.log(ratio)) > Math.log(noise))) return 'within noise';
  return ratio > 1 === unit.endsWith('/s') ? 'better' : 'worse';
}

/**
 * Compares two rows of one measure. The blocks of different runs have nothing in common, so that each side's spread counts.
 * Noise that lasts for a whole run, such as a neighbour on the machine, is in no spread.
 */
export function compareRows(measure: string, before: Row, after: Row): Change {
  const [one, other] = [summarizeLogarithms(before.blocks), summarizeLogarithms(after.blocks)];
  const ratio = Math.exp(other.center - one.center);
  const least = Math.min(before.blocks.length, after.blocks.length);
  const bound = Math.exp(findQuantile(least - 1) * Math.sqrt(one.variance + other.variance));
  const noise = least > 1 && Number.isFinite(bound) ? bound : undefined;
  const { unit } = after;
  return { measure, unit, before: before.p50, after: after.p50, ratio, noise, verdict: judge(ratio, noise, unit) };
}

/** Compares the rows that two tables share, in the order of the second. */
export const compareTables = (before: Table, after: Table): Change[] =>
  after.rows.flatMap((row) => {
    const earlier = before.rows.find(({ name, at, unit }) => name === row.name && at === row.at && unit === row.unit);
    return earlier ? compareRows(row.at ? `${row.name}, ${row.at}` : row.name, earlier, row) : [];
  });

/** What the two runs do not share, though it decides the figures: the machine, the libraries, the settings. */
export function listDifferences(before: object, after: object, prefix = ''): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => {
    const [one, other]: unknown[] = [before, after].map((side) => Reflect.get(side, name));
    if (typeof one === 'object' && one && typeof other === 'object' && other)
      return listDifferences(one, other, `${prefix}${name} `);
    return one === other ? [] : `${prefix}${name}: ${one ?? 'unknown'} before, ${other ?? 'unknown'} after`;
  });
}
