// `npm run bench -- compare BEFORE AFTER`: two files or folders of results, row by row.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createCommand, explainError, UsageError } from '../local/command-line.ts';
import { type Change, compareTables, listDifferences } from './comparison.ts';
import { formatNumber, type Table } from './results.ts';

/** The result files at a path by name: a file, a folder of them, or a folder with results/ in it. */
function listFiles(path: string): Map<string, string> {
  if (!existsSync(path)) throw new UsageError(`${path}: no such file or folder.`);
  if (statSync(path).isFile()) return new Map([[basename(path), path]]);
  const folder = existsSync(join(path, 'results')) ? join(path, 'results') : path;
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw new UsageError(`${path}: no results (*.json) in this folder.`);
  return new Map(names.sort().map((name) => [name, join(folder, name)]));
}

function readTable(path: string): Table {
  try {
    const table: Table = JSON.parse(readFileSync(path, 'utf8'));
    if (Array.isArray(table.rows) && table.rows.every(({ blocks }) => Array.isArray(blocks))) return table;
  } catch (error) {
    throw new UsageError(`${path}: cannot be read as results: ${(error as Error).message}`);
  }
  throw new UsageError(`${path}: no table of the benchmark: it has no rows with blocks.`);
}

/** The tables that both paths have. Two files are a pair whatever their names. */
function pairTables(before: string, after: string): (readonly [Table, Table])[] {
  const [one, other] = [listFiles(before), listFiles(after)];
  const both = statSync(before).isFile() && statSync(after).isFile();
  const pairs = both
    ? [[before, after] as const]
    : [...other].flatMap(([name, path]) => {
        const earlier = one.get(name);
        return earlier ? [[earlier, path] as const] : [];
      });
  if (pairs.length === 0) throw new UsageError(`${before} and ${after} have no table in common.`);
  return pairs.map(([first, second]) => [readTable(first), readTable(second)] as const);
}

const formatPercent = (noise: number) => `± ${formatNumber(100 * (noise - 1))} %`;

function writeLines(changes: readonly Change[]): string {
  const head = ['measure', 'before', 'after', 'unit', 'after ÷ before', 'noise', ''];
  const body = changes.map(({ measure, before, after, unit, ratio, noise, verdict }) => [
    ...[measure, formatNumber(before), formatNumber(after), unit, formatNumber(ratio)],
    ...[noise === undefined ? '–' : formatPercent(noise), verdict],
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    [0, 3, 6].includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [head, ...body].map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

/** The comparison as text. Throws UsageError if a path holds no results, or the two have none in common. */
export function describeComparison(before: string, after: string): string {
  const pairs = pairTables(before, after);
  const differences = new Set(
    pairs.flatMap(([one, other]) => [
      ...listDifferences(one.machine, other.machine),
      ...listDifferences(one.settings ?? {}, other.settings ?? {}),
    ]),
  );
  const warning = [...differences].map((line) => `The runs differ in ${line}.`);
  const sections = pairs.map(([one, other]) => `${other.title}\n${writeLines(compareTables(one, other))}`);
  return `${[...(warning.length > 0 ? [warning.join('\n')] : []), ...sections].join('\n\n')}\n`;
}

/** The whole command. Returns the exit code: 0, or 2 for paths without results. */
export function run(args: readonly string[]): number {
  try {
    const description = 'Compares two runs of the benchmark. A difference within noise is none.';
    const command = createCommand('npm run bench -- compare', description)
      .argument('<before>', 'a file of results, or a folder of them')
      .argument('<after>', 'the same of the later run')
      .parse(args, { from: 'user' });
    const [before = '', after = ''] = command.args;
    process.stdout.write(describeComparison(before, after));
    return 0;
  } catch (error) {
    return explainError(error as Error);
  }
}
