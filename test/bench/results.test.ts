import { addRatios, createRow } from '../../bench/results.ts';

const series = (name: string, at: string, blocks: number[][]) => createRow(name, 'ms', blocks, at);
const rows = [
  series('this project', 'short', [[1], [3]]),
  series('theirs', 'short', [[2], [12]]),
  series('theirs', 'long', [[5]]),
];

test('rows are compared with this project in the same column, block by block', () => {
  expect(addRatios(rows).map(({ ratio }) => ratio)).toEqual([undefined, 3, undefined]);
});

test('the ratio is inverted if higher values are better', () => {
  const [, theirs] = addRatios(rows, 'higher');
  expect(theirs?.ratio).toBeCloseTo((1 / 2 + 1 / 4) / 2, 10);
});
