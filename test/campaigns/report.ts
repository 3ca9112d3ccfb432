// The table of recorded runs in docs/reliability.md. `node test/campaigns/start.mjs report` writes it anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, sumOutcomes } from './campaign.ts';
import { type Result, readResults } from './results.ts';

const [start, end] = ['<!-- campaigns: begin -->', '<!-- campaigns: end -->'];

/** Folder of the recorded runs, below the root. */
export const resultsFolder = join('test', 'campaigns', 'results');

/** `12,345`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `200: 41,003, 400: 7`, the most frequent first. */
export const formatOutcomes = (outcomes: Outcome['outcomes']): string =>
  Object.entries(outcomes)
    .sort(([, one], [, other]) => other - one)
    .map(([name, cases]) => `${name}: ${formatCount(cases)}`)
    .join(', ');

/** `41 s`, `12 min`, `3.4 h`. */
export function formatTime(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function renderRow(results: readonly Result[]): string {
  const last = results.at(-1);
  if (!last) return '';
  const { count, outcomes, findings } = sumOutcomes(results);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const runs = `${results.length === 1 ? 'one run' : `${results.length} runs`}, ${formatTime(seconds)}`;
  const how = `${last.date}, \`${last.commit}\`: \`${last.command}\``;
  const cells = [last.part, `${formatCount(count)} ${last.unit}`, formatOutcomes(outcomes), findings.length, runs, how];
  return `| ${last.campaign} | ${cells.join(' | ')} |`;
}

/** The table, one row for each part. Runs of the same part add up; one that was stopped before its first case is left out. */
export function renderTable(recorded: readonly Result[]): string {
  const results = recorded.filter(({ count }) => count > 0);
  if (results.length === 0) return 'No run is recorded yet.';
  const nameOf = ({ campaign, part }: Result) => `${campaign} ${part}`;
  const rows = [...new Set(results.map(nameOf))].map((name) => results.filter((one) => nameOf(one) === name));
  const machines = new Set(results.map(({ processor, cores, node }) => `${processor}, ${cores} cores, Node ${node}`));
  return [
    '| campaign | part | cases | what came of them | findings | runs | the last run |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(renderRow),
    '',
    `Machine: ${[...machines].join('; ')}.`,
  ].join('\n');
}

/** The table of a page, and a function that replaces it. */
export function readTable(page: string) {
  const [before, rest = ''] = page.split(`${start}\n`);
  const [table = '', after] = rest.split(`\n${end}`);
  if (after === undefined) throw new Error(`docs/reliability.md has no ${start} … ${end}.`);
  return { table, replaced: (other: string) => `${before}${start}\n${other}\n${end}${after}` };
}

/** Writes the table of docs/reliability.md anew. */
export function writeReport(root: string): void {
  const path = join(root, 'docs', 'reliability.md');
  const page = readTable(readFileSync(path, 'utf8'));
  writeFileSync(path, page.replaced(renderTable(readResults(join(root, resultsFolder)))));
}
