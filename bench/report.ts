import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './chart.ts';
import { formatNumber, type Row, type Table } from './results.ts';

/** tables.json: the tables of a report in their order, and texts that several of them share. */
interface Catalog {
  readonly tables: readonly { readonly name: string; readonly title: string; readonly about: string }[];
  readonly texts: Readonly<Record<string, string>>;
}

/** The output of a report: a folder for results/ and charts/, and a document with markers, or else report.md in the folder. */
export interface ReportTarget {
  readonly catalog: Pick<Catalog, 'tables'>;
  readonly folder: string;
  readonly document?: string | undefined;
}

type Read = (row: Row) => string;
const formatMedian: Read = ({ p50 }) => formatNumber(p50);
const formatRatio: Read = ({ ratio }) => (ratio === undefined ? '–' : `${formatNumber(ratio)}×`);
const formatSpread: Read = ({ blocks }) => [Math.min(...blocks), Math.max(...blocks)].map(formatNumber).join(' – ');
/** The 99th percentile matters for times, and not for rates and sizes. */
const formatTail: Read = ({ unit, p50, p99 }) => (unit === 'ms' && p50 !== p99 ? formatNumber(p99) : '');

function writeGrid(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Writes a grid for each statistic, with a line for each contender. The columns share a unit. */
function writeColumns(rows: readonly Row[], ratioName: string): string {
  const columns = [...new Set(rows.flatMap(({ at }) => at ?? []))];
  const names = [...new Set(rows.map(({ name }) => name))];
  const write = (caption: string, read: Read) => {
    const find = (name: string, at: string) => rows.find((row) => row.name === name && row.at === at);
    const readCell = (row: Row | undefined) => (row ? read(row) : '');
    return writeGrid(
      [caption, ...columns],
      names.map((name) => [name, ...columns.map((at) => readCell(find(name, at)))]),
    );
  };
  const unit = rows[0]?.unit;
  const grids = [write(`median, ${unit}`, formatMedian)];
  if (rows.some(({ ratio }) => ratio !== undefined)) grids.push(write(ratioName, formatRatio));
  grids.push(write(`lowest – highest block, ${unit}`, formatSpread));
  if (rows.some(formatTail)) grids.push(write(`p99, ${unit}`, ({ p99 }) => formatNumber(p99)));
  return grids.join('\n\n');
}

/** Writes one line per row, with a column for each statistic. Statistics that no row has are left out. */
function writeList(rows: readonly Row[], ratioName: string): string {
  const isSampled = ({ blocks }: Row) => blocks.length > 1;
  const sampled = rows.some(isSampled);
  const figures: [string, Read][] = [
    ['', ({ name }) => name],
    [sampled ? 'median' : 'value', formatMedian],
    ['unit', ({ unit }) => unit],
  ];
  if (rows.some(({ ratio }) => ratio !== undefined)) figures.push([ratioName, formatRatio]);
  const samples: [string, Read][] = [
    ['p99', formatTail],
    ['minimum', ({ min }) => formatNumber(min)],
    ['lowest – highest block', formatSpread],
  ];
  if (sampled)
    figures.push(...samples.map(([head, read]): [string, Read] => [head, (row) => (isSampled(row) ? read(row) : '')]));
  return writeGrid(
    figures.map(([head]) => head),
    rows.map((row) => figures.map(([, read]) => read(row))),
  );
}

/** Names and values in one line, those of nested objects too. */
export const formatMachine = (machine: object): string =>
  Object.entries(machine)
    .map(([name, value]) => (typeof value === 'object' ? formatMachine(value) : `${name} ${value}`))
    .join(', ');

/** A table as a section of a Markdown document. `chart` is the picture's path from there. */
export function writeTable({ title, about, rows, ratioName = 'ratio', machine, date }: Table, chart: string): string {
  const write = rows.some(({ at }) => at !== undefined) ? writeColumns : writeList;
  const origin = `*${date.slice(0, 10)}; ${formatMachine(machine)}.*`;
  return [`### ${title}`, about, `![${title}](${chart})`, write(rows, ratioName), origin].join('\n\n');
}

const begin = '<!-- benchmark: begin -->';
const end = '<!-- benchmark: end -->';

/**
 * Replaces the text between the markers.
 *
 * @throws Error if the document lacks a marker, or has them in the wrong order.
 */
export function replaceBetweenMarkers(document: string, content: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`The document has no lines ${begin} and ${end}: put them where the tables belong.`);
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}

/** A table of the catalog without rows. Its texts take values by name: `{threads}`. */
export function createTable({ tables, texts }: Catalog, name: string, values: Readonly<Record<string, unknown>>) {
  const table = tables.find((one) => one.name === name);
  if (!table) throw new Error(`tables.json has no table ${name}.`);
  const all: Readonly<Record<string, unknown>> = { ...texts, ...values };
  const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (_, key) => fill(String(all[key])));
  const { name: _, title, about, ...rest } = table;
  return { ratioName: 'this project is better by', title: fill(title), about: fill(about), ...rest };
}

/** Writes a table's results. Six digits are enough: more would only make noise in the history. */
export function saveTable({ folder }: Pick<ReportTarget, 'folder'>, name: string, table: Table): void {
  mkdirSync(join(folder, 'results'), { recursive: true });
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
  writeFileSync(join(folder, 'results', `${name}.json`), `${JSON.stringify(table, round, 1)}\n`);
}

/** Writes charts and Markdown of all tables of the catalog that are in results/, of this run or an earlier one. Returns the Markdown. */
export function writeReport({ catalog, folder, document }: ReportTarget): string {
  mkdirSync(join(folder, 'charts'), { recursive: true });
  const sections = catalog.tables.flatMap(({ name }) => {
    const file = join(folder, 'results', `${name}.json`);
    if (!existsSync(file)) return [];
    const table: Table = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(join(folder, 'charts', `${name}.svg`), drawChart(table));
    return writeTable(table, `charts/${name}.svg`);
  });
  const content = sections.join('\n\n');
  if (document) writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), content));
  else writeFileSync(join(folder, 'report.md'), `${content}\n`);
  return content;
}
