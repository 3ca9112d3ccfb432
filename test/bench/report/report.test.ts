import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveTable, writeReport } from '../../../bench/report/report.ts';
import { createFact, type Table } from '../../../bench/results.ts';

const table = (title: string): Table => ({
  title,
  machine: 'two cores',
  date: '2026-11-24T12:00:00Z',
  rows: [createFact('bundle', 1 / 3, 'MiB')],
});

test('a report has every table that lies in the folder, in its own order, each with its chart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const document = join(folder, 'README.md');
  writeFileSync(document, 'before\n<!-- benchmark: begin -->\nold\n<!-- benchmark: end -->\nafter\n');
  for (const name of ['another', 'size', 'latency']) saveTable({ folder }, name, table(`The ${name}`));
  writeFileSync(join(folder, 'results', 'cold-start.json'), JSON.stringify(table('The cold start')));
  writeReport({ folder, document });
  const text = readFileSync(document, 'utf8');
  const titles = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual(['The latency', 'The cold start', 'The size', 'The another']);
  expect(text).toMatch(/^before\n.*\nafter\n$/s);
  for (const [, chart = ''] of text.matchAll(/\]\((charts\/.*)\)/g)) expect(existsSync(join(folder, chart))).toBe(true);
});

test('results are written with six digits, so that the history has no noise', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  saveTable({ folder }, 'size', table('The size'));
  expect(JSON.parse(readFileSync(join(folder, 'results', 'size.json'), 'utf8')).rows[0].p50).toBe(0.333333);
});
