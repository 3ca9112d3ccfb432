import { parts, readBenchOptions } from '../../bench/options.ts';

test('every part is measured in five blocks by default', () => {
  expect(readBenchOptions([])).toMatchObject({ quick: false, blocks: 5, only: parts, shape: 'base' });
});

test('parts are taken in the order of the report', () => {
  expect(readBenchOptions(['--only', 'sample,latency']).only).toEqual(['latency', 'sample']);
});

test('a quick run has fewer blocks, and leaves out slow parts unless they are asked for', () => {
  expect(readBenchOptions(['--quick']).only).toEqual([
    ...['latency', 'sample', 'cold-start', 'load', 'workers', 'overhead', 'size'],
  ]);
  expect(readBenchOptions(['--quick'])).toMatchObject({ blocks: 3 });
  expect(readBenchOptions(['--quick', '--blocks', '7'])).toMatchObject({ blocks: 7 });
  expect(readBenchOptions(['--quick', '--only', 'cost,memory']).only).toEqual(['memory', 'cost']);
});

test.each([
  [['--only', 'speed'], '--only: speed is none of latency'],
  [['--blocks', '0'], '--blocks takes a whole number from 1 to 100'],
  [['--shape', 'huge'], '--shape: huge is none of base, small, tiny'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused', (args, message) => {
  expect(() => readBenchOptions(args)).toThrow(message);
});
