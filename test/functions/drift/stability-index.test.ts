import { computeStabilityIndex } from '../../../functions/drift/stability-index.ts';

describe('the population stability index', () => {
  it('is 0 for the same shares, however many there are', () => {
    expect(computeStabilityIndex([100, 300], [100, 300])).toBe(0);
    expect(computeStabilityIndex([10_000, 30_000], [1000, 3000])).toBeCloseTo(0, 6);
  });

  it('is the sum that its definition says', () => {
    // Shares of 0.2 and 0.8 against 0.5 and 0.5; half a count more or less in each bin.
    const byHand = 0.3 * Math.log(0.5 / 0.2) - 0.3 * Math.log(0.5 / 0.8);
    expect(computeStabilityIndex([200_000, 800_000], [500_000, 500_000])).toBeCloseTo(byHand, 4);
  });

  it('is finite where a bin is empty on either side', () => {
    expect(computeStabilityIndex([0, 1000], [1000, 0])).toBeGreaterThan(10);
    expect(computeStabilityIndex([0, 1000], [0, 1000])).toBe(0);
  });

  it('stays below 0.1 for samples of 500 of the same distribution', () => {
    // The worst of the five bins is off by three standard deviations, which is a hundred answers in a thousand less.
    expect(computeStabilityIndex([2000, 2000, 2000, 2000, 2000], [127, 93, 93, 93, 94])).toBeLessThan(0.1);
  });
});
