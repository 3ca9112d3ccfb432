// A file read once from its first to its last row: can it be used, and what do its labels mean?
import { type Columns, hasProbabilities } from './columns.ts';
import { FileError } from './errors.ts';
import { createFaults, type Faults } from './faults.ts';
import { type Mapping, mapLabels, normalize } from './labels.ts';
import type { Source } from './source.ts';
import { openTable, type ReaderOptions, type Table } from './table.ts';

/** What was found in a file that can be used. */
export interface Inspection {
  readonly columns: Columns;
  /** How many rows it has, with the faulty ones. */
  readonly rows: number;
  /** The class of each label, in the form of `normalize`. */
  readonly mapping: Mapping;
  /** What was taken for what, and which rows are left out: a sentence each, for the person who gave the file. */
  readonly notes: readonly string[];
}

/**
 * Reads all rows of a file.
 *
 * @param needsLabel - whether there must be a column of labels, or columns of probabilities.
 * @throws FileError with a sentence for each thing that is wrong.
 */
export async function inspectFile(source: Source, options: ReaderOptions, needsLabel: boolean): Promise<Inspection> {
  const table = await openTable(source, options, needsLabel);
  const { name } = source;
  const { columns } = table;
  const faults = createFaults();
  const { rows, labels } = await readLabels(table, faults);
  const mapped = mapLabels(new Map([...labels].map(([label, found]) => [label, found.rows])), options.labels);
  const problems = typeof mapped === 'string' ? [`${name}: ${mapped}`] : [];
  const mapping = typeof mapped === 'string' ? {} : mapped;
  if (problems.length === 0) countUnknown(labels, mapping, faults);
  const { refused, sentences } = faults.judge(name, rows, options.strict);
  if (refused) problems.push(...sentences);
  if (rows === 0) problems.push(`${name}: no rows.`);
  if (problems.length > 0) throw new FileError(problems.join('\n'));
  return { columns, rows, mapping, notes: [describe(name, table, mapping), ...sentences] };
}

/** A label that a file has. */
interface Label {
  rows: number;
  /** The first lines that have it. */
  readonly lines: number[];
}

const maxLines = 3;

/** Different labels that are kept. A column with more than this holds no labels. */
const maxLabels = 10_000;

async function readLabels({ rows, columns }: Table, faults: Faults) {
  const labels = new Map<string, Label>();
  let count = 0;
  for await (const { number, line, lines, cells, fault } of rows) {
    count = number;
    const label = columns.label === undefined ? undefined : normalize(cells[columns.label] ?? '');
    if (fault) faults.add(fault, line, lines);
    else if (label) countLabel(labels, label, line);
    else if (label === '' && !hasProbabilities(columns.names)) faults.add('an empty label', line);
  }
  return { rows: count, labels };
}

function countLabel(labels: Map<string, Label>, label: string, line: number): void {
  const name = labels.has(label) || labels.size < maxLabels ? label : 'and others';
  const found = labels.get(name) ?? { rows: 0, lines: [] };
  labels.set(name, found);
  found.rows += 1;
  if (found.lines.length < maxLines) found.lines.push(line);
}

/** Counts the rows whose label has no class, the first lines first. */
function countUnknown(labels: ReadonlyMap<string, Label>, mapping: Mapping, faults: Faults): void {
  const unknown = [...labels].filter(([label]) => !Object.hasOwn(mapping, label));
  const lines = unknown.flatMap(([label, found]) => found.lines.map((line) => ({ line, label })));
  const first = lines.sort((one, other) => one.line - other.line).slice(0, maxLines);
  for (const { line, label } of first) faults.add('an unknown label', line, 1, JSON.stringify(label));
  const rest = unknown.reduce((sum, [, { rows }]) => sum + rows, -first.length);
  if (rest > 0) faults.add('an unknown label', 0, rest);
}

const separators: Readonly<Record<string, string>> = { ',': 'commas', '\t': 'tabs', ';': 'semicolons' };

/** Says what was taken for what. */
function describe(name: string, { columns, delimiter }: Table, mapping: Mapping): string {
  const { names, text, label } = columns;
  const format = delimiter === undefined ? 'JSON lines' : `fields separated by ${separators[delimiter] ?? delimiter}`;
  const meanings = Object.entries(mapping).filter(([from, to]) => from !== to);
  const shown = meanings.length > 0 ? ` (${meanings.map(([from, to]) => `${from} = ${to}`).join(', ')})` : '';
  const labels = label === undefined ? 'no label' : `the label in column ${names[label]}${shown}`;
  return `${name}: ${format}, the text in column ${names[text]}, ${labels}.`;
}
