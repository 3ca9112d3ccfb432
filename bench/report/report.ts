import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRow, type Table } from '../results.ts';
import { drawChart } from './chart.ts';
import { replaceBetweenMarkers, writeTable } from './markdown.ts';

/** Tables by the name of their file, in the order of the report; others follow by name. */
const order = [
  ...['latency', 'answers', 'sample', 'cold-start', 'cold-start-stages', 'cold-start-memory'],
  ...['load', 'load-times', 'workers', 'overhead', 'peak-memory', 'peak-memory-services'],
  ...['memory', 'memory-start', 'memory-cost', 'size', 'imports', 'one-thread', 'cost'],
];

/** Where a report goes. */
export interface ReportPlace {
  /** Holds results/ and charts/. */
  readonly folder: string;
  /** A document with markers; undefined for one of its own, report.md. */
  readonly document?: string | undefined;
}

const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);

function readTables(folder: string): (readonly [string, Table])[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace(/\.json$/, ''))
    .toSorted((one, other) => rank(one) - rank(other) || one.localeCompare(other))
    .map((name) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))]);
}

/** Writes a table's results and chart. */
export function saveTable({ folder }: ReportPlace, name: string, table: Table): void {
  for (const kind of ['results', 'charts']) mkdirSync(join(folder, kind), { recursive: true });
  writeFileSync(join(folder, 'results', `${name}.json`), `${JSON.stringify(table, roundNumber, 1)}\n`);
}

/** More digits than the clock can tell would only make noise in the history. */
function roundNumber(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

/** Draws and writes everything that results/ holds, from this run or an earlier one. Returns the Markdown. */
export function writeReport({ folder, document }: ReportPlace): string {
  const sections = readTables(join(folder, 'results')).map(([name, table]) => {
    if (!table.rows.every(isRow)) return writeTable(table);
    writeFileSync(join(folder, 'charts', `${name}.svg`), drawChart(table));
    return writeTable(table, `charts/${name}.svg`);
  });
  const content = sections.join('\n\n');
  if (document && existsSync(document)) {
    writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), content));
  } else {
    writeFileSync(join(folder, 'report.md'), `${content}\n`);
  }
  return content;
}
