// Figures of a series.

const atShare = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

const round = (value) => Math.round(value * 10) / 10;

/** Least, median and 99th percentile (of few values: the largest), to a tenth. */
export function summarize(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const p50 = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { p50: round(p50), p99: round(atShare(sorted, 0.99)), min: round(sorted[0]), blocks: sorted.length };
}
