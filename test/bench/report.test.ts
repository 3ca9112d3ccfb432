import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTable,
  formatMachine,
  replaceBetweenMarkers,
  saveTable,
  writeReport,
  writeTable,
} from '../../bench/report.ts';
import { createFact, type Row, type Table } from '../../bench/results.ts';

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

test('a table with columns becomes medians, spreads, p99 and ratios, one contender per line', () => {
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

test('a table of facts has no empty columns', () => {
  const text = writeTable(table([createFact('bundle', 1234.5, 'KiB')]), 'charts/size.svg');
  expect(text).toContain('|  | value | unit |\n| --- | ---: | ---: |\n| bundle | 1,235 | KiB |');
  expect(text).not.toContain('p99');
});

test('in a list, a fact has no minimum and no blocks, and a rate has no 99th percentile', () => {
  const text = writeTable(
    table([createFact('share', 95, '%'), { ...row('rate', undefined, 4), unit: 'requests/s' }]),
    '',
  );
  expect(text).toContain('| share | 95.0 | % |  |  |  |');
  expect(text).toContain('| rate | 4.00 | requests/s |  | 2.00 | 4.00 – 6.00 |');
});

test('a machine is described by names and values, those of its versions too', () => {
  expect(formatMachine({ cores: 2, versions: { Node: 'v24' } })).toBe('cores 2, Node v24');
});

test('the text between the markers is replaced, and the text around them stays', () => {
  const document = 'before\n<!-- benchmark: begin -->\nold\n<!-- benchmark: end -->\nafter';
  expect(replaceBetweenMarkers(document, 'new')).toBe(
    'before\n<!-- benchmark: begin -->\n\nnew\n\n<!-- benchmark: end -->\nafter',
  );
  expect(() => replaceBetweenMarkers('nothing', 'new')).toThrow('benchmark: begin');
});

const createSizes = (title: string): Table => ({
  title,
  machine: { cores: 2 },
  date: '2026-11-24T12:00:00Z',
  about: '',
  rows: [createFact('bundle', 1 / 3, 'MiB')],
});

test('a report has every table of the catalog whose results are in the folder, in order, each with its chart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const document = join(folder, 'README.md');
  writeFileSync(document, 'before\n<!-- benchmark: begin -->\nold\n<!-- benchmark: end -->\nafter\n');
  for (const name of ['size', 'latency']) saveTable({ folder }, name, createSizes(`The ${name}`));
  writeFileSync(join(folder, 'results', 'cold-start.json'), JSON.stringify(createSizes('The cold start')));
  const tables = ['latency', 'cold-start', 'load', 'size'].map((name) => ({ name, title: '', about: '' }));
  writeReport({ catalog: { tables }, folder, document });
  const text = readFileSync(document, 'utf8');
  const titles = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual(['The latency', 'The cold start', 'The size']);
  expect(text).toMatch(/^before\n.*\nafter\n$/s);
  for (const [, chart = ''] of text.matchAll(/\]\((charts\/.*)\)/g)) expect(existsSync(join(folder, chart))).toBe(true);
});

test('results are written with six digits', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  saveTable({ folder }, 'size', createSizes('The size'));
  expect(JSON.parse(readFileSync(join(folder, 'results', 'size.json'), 'utf8')).rows[0].p50).toBe(0.333333);
});

test('values and shared texts replace their names in the texts of a table', () => {
  const tables = [
    { name: 'load', title: 'Load of {threads} threads', about: '{clients} And more.', ratioName: 'ratio' },
  ];
  const texts = { clients: 'With {count} clients.' };
  expect(createTable({ tables, texts }, 'load', { threads: 2, count: 4 })).toEqual({
    title: 'Load of 2 threads',
    about: 'With 4 clients. And more.',
    ratioName: 'ratio',
  });
  expect(() => createTable({ tables, texts }, 'size', {})).toThrow('tables.json has no table size');
});

test('every table of the benchmark has a title and an explanation', () => {
  const catalog = JSON.parse(readFileSync('bench/tables.json', 'utf8'));
  for (const { name } of catalog.tables) {
    const { title, about } = createTable(catalog, name, {});
    expect([title, about].every((text) => text.length > 0)).toBe(true);
  }
});
