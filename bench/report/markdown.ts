import { isRow, type Row, type Table } from '../results.ts';
import { formatNumber, formatRatio } from './numbers.ts';

const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function writeGrid(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

const listDistinct = (rows: readonly Row[], read: (row: Row) => string | undefined) => [
  ...new Set(rows.map(read).filter((value) => value !== undefined)),
];

/** Lowest and highest block. */
function formatSpread({ blocks }: Row): string {
  return `${formatNumber(Math.min(...blocks))} – ${formatNumber(Math.max(...blocks))}`;
}

/** Contenders down, what they were measured at across; the columns share a unit. */
function writePivot(rows: readonly Row[], caption: string, read: (row: Row) => string): string {
  const columns = listDistinct(rows, ({ at }) => at);
  const body = listDistinct(rows, ({ name }) => name).map((name) => {
    const cells = columns.map((at) => rows.find((row) => row.name === name && row.at === at));
    return [name, ...cells.map((row) => (row ? read(row) : ''))];
  });
  return writeGrid([caption, ...columns], body);
}

/** The slowest of a hundred is worth telling; the fastest rate is not. */
const hasTail = ({ unit, p50, p99 }: Row) => unit === 'ms' && p50 !== p99;

function writeColumns(rows: readonly Row[], ratioName: string): string {
  const [unit = ''] = listDistinct(rows, (row) => row.unit);
  const compared = rows.some(({ ratio }) => ratio !== undefined);
  const grids = [
    writePivot(rows, `median, ${unit}`, ({ p50 }) => formatNumber(p50)),
    ...(compared ? [writePivot(rows, ratioName, ({ ratio }) => formatRatio(ratio))] : []),
    writePivot(rows, `lowest – highest block, ${unit}`, formatSpread),
    ...(rows.some(hasTail) ? [writePivot(rows, `p99, ${unit}`, ({ p99 }) => formatNumber(p99))] : []),
  ];
  return grids.join('\n\n');
}

/** One line per row; columns that say nothing in any row are left out. */
function writeList(rows: readonly Row[], ratioName: string): string {
  const sampled = rows.some(({ blocks }) => blocks.length > 1);
  const compared = rows.some(({ ratio }) => ratio !== undefined);
  const head = [
    '',
    sampled ? 'median' : 'value',
    'unit',
    ...(compared ? [ratioName] : []),
    ...(sampled ? ['p99', 'minimum', 'lowest – highest block'] : []),
  ];
  const body = rows.map((row) => [
    row.name,
    formatNumber(row.p50),
    row.unit,
    ...(compared ? [formatRatio(row.ratio)] : []),
    ...(sampled ? tellSamples(row) : []),
  ]);
  return writeGrid(head, body);
}

/** A fact has none. */
function tellSamples(row: Row): string[] {
  if (row.blocks.length < 2) return ['', '', ''];
  return [hasTail(row) ? formatNumber(row.p99) : '', formatNumber(row.min), formatSpread(row)];
}

/** Rows of another form: every name a column. */
function writeOther(rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const show = (value: unknown) => (typeof value === 'number' ? formatNumber(value) : String(value ?? ''));
  return writeGrid(
    names,
    rows.map((row) => names.map((name) => show(Object.entries(row).find(([key]) => key === name)?.[1]))),
  );
}

function writeRows({ rows, ratioName = 'ratio' }: Table): string {
  if (!rows.every(isRow)) return writeOther(rows);
  return rows.some(({ at }) => at !== undefined) ? writeColumns(rows, ratioName) : writeList(rows, ratioName);
}

/** Names and versions in one line, whatever form they have. */
export function describeMachine(machine: unknown): string {
  if (typeof machine !== 'object' || machine === null) return String(machine);
  return Object.entries(machine)
    .map(([name, value]) => (typeof value === 'object' ? describeMachine(value) : `${name} ${value}`))
    .join(', ');
}

/** A table as a section of a Markdown document. `chart` is the picture's path from there. */
export function writeTable(table: Table, chart?: string): string {
  const { title, about, machine, date } = table;
  const picture = chart ? `![${title}](${chart})\n` : undefined;
  const origin = `*${date.slice(0, 10)}; ${describeMachine(machine)}.*`;
  return [`### ${title}\n`, about && `${about}\n`, picture, `${writeRows(table)}\n`, origin].filter(Boolean).join('\n');
}

const begin = '<!-- benchmark: begin -->';
const end = '<!-- benchmark: end -->';

/**
 * Replaces what stands between the markers.
 *
 * @throws Error if the document has not both markers, in order.
 */
export function replaceBetweenMarkers(document: string, content: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`The document has no lines ${begin} and ${end}: put them where the tables belong.`);
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}
