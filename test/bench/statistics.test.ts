import { compareBlocks, mean, median, percentile, summarize } from '../../bench/statistics.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
});

test('the 99th percentile of a hundred values is the second largest, and of few values the largest', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile([3, 8, 2], 0.99)).toBe(8);
});

test('a summary pools the blocks for its percentiles and keeps each median for the spread', () => {
  expect(summarize([[4, 2, 3], [], [10, 20]])).toEqual({ p50: 4, p99: 20, min: 2, blocks: [3, 15] });
});

test('a ratio is taken within each block: a slow moment of the machine does not change it', () => {
  expect(compareBlocks([20, 200, 22], [10, 100, 11])).toBe(2);
  expect(compareBlocks([30, 10], [10, 10, 10])).toBe(2);
});

test('statistics of no values are an error', () => {
  for (const read of [median, mean, (values: number[]) => percentile(values, 0.5)]) {
    expect(() => read([])).toThrow('there are no values');
  }
});
