import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeComparison } from '../../bench/compare.ts';
import { createRow } from '../../bench/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'compare-'));

function writeRun(name: string, factor: number, settings: object): string {
  const results = join(folder, name, 'results');
  mkdirSync(results, { recursive: true });
  const rows = [createRow('this project', 'ms', [[10 * factor], [10.1 * factor], [9.9 * factor]], '32 tokens')];
  const table = { title: 'Latency', about: '', rows, machine: { cores: 2 }, settings, date: '2026-11-28' };
  writeFileSync(join(results, 'latency.json'), JSON.stringify(table));
  return join(folder, name);
}

const before = writeRun('before', 1, { blocks: 3 });
const after = writeRun('after', 0.5, { blocks: 5 });

test('folders and files of two runs are compared row by row', () => {
  const lines = describeComparison(before, after).split('\n');
  expect(lines[0]).toBe('The runs differ in blocks: 3 before, 5 after.');
  expect(lines[2]).toBe('Latency');
  expect(lines[4]).toMatch(/^this project, 32 tokens +10\.0 +5\.00 +ms +0\.500 +± 3\.57 % +better$/);
  const [one, other] = [before, after].map((run) => join(run, 'results', 'latency.json'));
  expect(describeComparison(one ?? '', other ?? '').split('\n')).toEqual(lines);
});

test.each([
  ['/no/such/run', '/no/such/run: no such file or folder.'],
  [mkdtempSync(join(folder, 'empty-')), 'no results (*.json) in this folder.'],
])('%s is refused', (path, message) => {
  expect(() => describeComparison(before, path)).toThrow(message);
});

test('what is no table, and runs without a table in common, are refused', () => {
  const file = join(folder, 'other.json');
  writeFileSync(file, '{"rows": 3}');
  expect(() => describeComparison(join(before, 'results', 'latency.json'), file)).toThrow('it has no rows with blocks');
  expect(() => describeComparison(before, file)).toThrow('have no table in common');
  writeFileSync(file, '{');
  expect(() => describeComparison(join(before, 'results', 'latency.json'), file)).toThrow('cannot be read as results');
});
