import { describeMachine, replaceBetweenMarkers, writeTable } from '../../../bench/report/markdown.ts';
import { createFact, type Row, type Table } from '../../../bench/results.ts';

const row = (name: string, at: string | undefined, p50: number, ratio?: number): Row => ({
  name,
  at,
  unit: 'ms',
  p50,
  p99: 2 * p50,
  min: p50 / 2,
  blocks: [p50, 1.5 * p50],
  ratio,
});

const table = (rows: readonly Row[]): Table => ({
  title: 'Latency',
  machine: { processor: 'Some CPU', versions: { Node: 'v24' } },
  date: '2026-11-24T12:00:00Z',
  about: 'By turns.',
  ratioName: 'better by',
  rows,
});

test('a table with columns becomes medians, spreads, p99 and ratios, contenders down', () => {
  const rows = [row('ours', '8 tokens', 2), row('ours', '16 tokens', 4), row('theirs', '8 tokens', 60, 30)];
  const text = writeTable(table(rows), 'charts/latency.svg');
  expect(text).toContain(
    '| median, ms | 8 tokens | 16 tokens |\n| --- | ---: | ---: |\n| ours | 2.00 | 4.00 |\n| theirs | 60.0 |  |',
  );
  expect(text).toContain('| ours | 2.00 – 3.00 | 4.00 – 6.00 |');
  expect(text).toContain('| p99, ms | 8 tokens | 16 tokens |');
  expect(text).toContain('| better by | 8 tokens | 16 tokens |');
  expect(text).toContain('| theirs | 30.0× |  |');
  expect(text).toContain('![Latency](charts/latency.svg)');
  expect(text).toContain('*2026-11-24; processor Some CPU, Node v24.*');
});

test('a table of facts has no columns that say nothing', () => {
  const text = writeTable(table([createFact('bundle', 1234.5, 'KiB')]));
  expect(text).toContain('|  | value | unit |\n| --- | ---: | ---: |\n| bundle | 1,235 | KiB |');
  expect(text).not.toContain('p99');
});

test('in a list a fact has no samples, and a rate no tail', () => {
  const text = writeTable(table([createFact('share', 95, '%'), { ...row('rate', undefined, 4), unit: 'requests/s' }]));
  expect(text).toContain('| share | 95.0 | % |  |  |  |');
  expect(text).toContain('| rate | 4.00 | requests/s |  | 2.00 | 4.00 – 6.00 |');
});

test('rows of another form become a table of what they have', () => {
  const text = writeTable({ ...table([]), rows: [{ model: 'a', memoryMb: 512 }] as unknown as Row[] });
  expect(text).toContain('| model | memoryMb |\n| --- | ---: |\n| a | 512 |');
});

test('a machine may be told in words or by names', () => {
  expect(describeMachine('two cores')).toBe('two cores');
  expect(describeMachine({ cores: 2 })).toBe('cores 2');
});

test('what stood between the markers is replaced, and what stands around them stays', () => {
  const document = 'before\n<!-- benchmark: begin -->\nold\n<!-- benchmark: end -->\nafter';
  expect(replaceBetweenMarkers(document, 'new')).toBe(
    'before\n<!-- benchmark: begin -->\n\nnew\n\n<!-- benchmark: end -->\nafter',
  );
  expect(() => replaceBetweenMarkers('nothing', 'new')).toThrow('benchmark: begin');
});
