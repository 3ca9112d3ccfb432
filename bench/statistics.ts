const noValues = () => new RangeError('there are no values');

/** The value that a share of the values does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw noValues();
  return value;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const negative = values.map((value) => -value);
  return (percentile(values, 0.5) - percentile(negative, 0.5)) / 2;
}

export function mean(values: readonly number[]): number {
  if (values.length === 0) throw noValues();
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Summarizes values of several blocks. The distance of the blocks' medians is the spread. Empty blocks are left out. */
export function summarize(blocks: readonly (readonly number[])[]) {
  const filled = blocks.filter((block) => block.length > 0);
  const all = filled.flat();
  return { p50: median(all), p99: percentile(all, 0.99), min: Math.min(...all), blocks: filled.map(median) };
}

/**
 * How many times `other` is `one`: the median over the blocks of the ratio within a block. What slows a machine for a while
 * slows both sides of such a ratio.
 */
export function compareBlocks(other: readonly number[], one: readonly number[]): number {
  const shared = other.slice(0, one.length);
  return median(shared.map((value, block) => value / (one[block] ?? Number.NaN)));
}
