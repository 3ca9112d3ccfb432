import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTable, renderTable, resultsFolder } from './report.ts';
import { describeResult, readResults, recordResult } from './results.ts';

it('docs/reliability.md has the recorded runs (node test/campaigns/start.mjs report writes them)', () => {
  const page = readFileSync(join('docs', 'reliability.md'), 'utf8');
  expect(readTable(page).table).toBe(renderTable(readResults(resultsFolder)));
});

it('adds up the runs of a part', () => {
  const folder = mkdtempSync(join(tmpdir(), 'results-'));
  const run = {
    campaign: 'fuzz',
    part: 'handler',
    unit: 'requests',
    command: 'npm run fuzz -- handler',
    seconds: 4000,
  };
  const outcome = { count: 1500, outcomes: { 200: 1200, 400: 300 }, findings: ['One is not two.'] };
  for (const seed of [1, 2]) recordResult(folder, describeResult('.', { ...run, seed }, outcome));
  const lines = renderTable(readResults(folder)).split('\n');
  expect(lines[2]).toMatch(
    /^\| fuzz \| handler \| 3,000 requests \| 200: 2,400, 400: 600 \| 2 \| 2 runs, 2\.2 h \| \d{4}-\d\d-\d\d, `[0-9a-f]+`: `npm run fuzz -- handler` \|$/,
  );
  expect(lines.at(-1)).toMatch(/^Machine: .+, \d+ cores, Node v\d+/);
});
