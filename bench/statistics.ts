/** The value that a share of the values does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('there are no values');
  return value;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const half = values.length / 2;
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new RangeError('there are no values');
  return (low + high) / 2;
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there are no values');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What is told of measured values. */
export interface Summary {
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  /** The median of each block: how far they lie apart is the spread. */
  readonly blocks: readonly number[];
}

/** Sums up values that were measured in several blocks. Blocks without values are left out. */
export function summarize(blocks: readonly (readonly number[])[]): Summary {
  const filled = blocks.filter((block) => block.length > 0);
  const all = filled.flat();
  return { p50: median(all), p99: percentile(all, 0.99), min: Math.min(...all), blocks: filled.map(median) };
}

/**
 * How many times `other` is `one`: the median over the blocks of the ratio within a block, so that what slows a machine for a
 * while slows both sides of a ratio.
 */
export function compareBlocks(other: readonly number[], one: readonly number[]): number {
  const count = Math.min(other.length, one.length);
  return median(Array.from({ length: count }, (_, block) => (other[block] ?? Number.NaN) / (one[block] ?? Number.NaN)));
}
