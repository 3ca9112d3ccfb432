// How far two histograms lie apart.

/** Added to each bin, so that an empty one gives a finite index. */
const smoothing = 0.5;

const toShares = (counts: readonly number[]): readonly number[] => {
  const total = counts.reduce((sum, count) => sum + count + smoothing, 0);
  return counts.map((count) => (count + smoothing) / total);
};

/**
 * The population stability index (Siddiqi, Credit Risk Scorecards, 2006): the sum over the bins of (actual − expected) ×
 * ln(actual / expected), of shares. Below 0.1 the two are alike, from 0.25 they differ.
 *
 * @param expected - counts by bin.
 * @param actual - counts by bin, as many.
 */
export function computeStabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  const [before, now] = [toShares(expected), toShares(actual)];
  return before.reduce((sum, share, bin) => {
    const found = now[bin] ?? Number.NaN;
    return sum + (found - share) * Math.log(found / share);
  }, 0);
}
