import { compareRows, compareTables, listDifferences } from '../../bench/comparison.ts';
import { createFact, createRow, type Table } from '../../bench/results.ts';
import { createRandom } from '../../bench/texts.ts';

const makeRow = (blocks: readonly number[], unit = 'ms', at?: string) =>
  createRow(
    'this project',
    unit,
    blocks.map((block) => [block]),
    at,
  );

test('a difference beyond the spread of the blocks is better or worse, by the unit', () => {
  const [slow, fast] = [makeRow([10, 10.1, 9.9]), makeRow([8, 8.1, 7.9])];
  expect(compareRows('one', slow, fast)).toMatchObject({ before: 10, after: 8, verdict: 'better' });
  expect(compareRows('one', slow, fast).ratio).toBeCloseTo(0.8, 2);
  expect(compareRows('one', fast, slow).verdict).toBe('worse');
  const [few, many] = [makeRow([100, 101, 99], 'requests/s'), makeRow([120, 121, 119], 'requests/s')];
  expect(compareRows('rate', few, many).verdict).toBe('better');
});

test('a difference within the spread is noise, and equal blocks have none', () => {
  const change = compareRows('one', makeRow([8, 10, 12]), makeRow([9, 11, 13]));
  expect(change.verdict).toBe('within noise');
  expect(change.noise).toBeGreaterThan(change.ratio);
  expect(compareRows('one', makeRow([5, 5]), makeRow([5, 5]))).toMatchObject({
    ratio: 1,
    noise: 1,
    verdict: 'within noise',
  });
});

test('one block says nothing of noise, and zero has no ratio', () => {
  expect(compareRows('size', createFact('a', 4, 'MiB'), createFact('a', 2, 'MiB'))).toMatchObject({
    ratio: 0.5,
    noise: undefined,
    verdict: 'one value',
  });
  expect(compareRows('zero', makeRow([0, 0]), makeRow([0, 0]))).toMatchObject({
    ratio: Number.NaN,
    verdict: 'one value',
  });
});

test('the bound holds equal programs in 95 of 100 comparisons', () => {
  const random = createRandom(1);
  const drawNormal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const drawRow = () => makeRow(Array.from({ length: 5 }, () => 10 * Math.exp(0.05 * drawNormal())));
  const changes = Array.from({ length: 2000 }, () => compareRows('one', drawRow(), drawRow()));
  const told = changes.filter(({ verdict }) => verdict !== 'within noise').length / changes.length;
  expect(told).toBeGreaterThan(0.01);
  expect(told).toBeLessThan(0.06);
});

test('rows are found by name, column and unit; what only one run has is left out', () => {
  const makeTable = (rows: Table['rows']): Table => ({ title: 'T', about: '', rows, machine: {}, date: '' });
  const before = makeTable([makeRow([1, 1], 'ms', '32 tokens'), makeRow([2, 2], 'ms', '64 tokens')]);
  const after = makeTable([makeRow([3, 3], 'ms', '64 tokens'), makeRow([3, 3], 'MiB', '32 tokens')]);
  expect(compareTables(before, after).map(({ measure }) => measure)).toEqual(['this project, 64 tokens']);
});

test('runs differ in machine, libraries or settings', () => {
  const before = { cores: 2, versions: { Node: 'v20', onnx: '1' } };
  expect(listDifferences(before, { cores: 4, versions: { Node: 'v20' } })).toEqual([
    'cores: 2 before, 4 after',
    'versions onnx: 1 before, unknown after',
  ]);
  expect(listDifferences(before, before)).toEqual([]);
});
