// Rows of users' files: CSV, TSV, semicolons and JSON lines, in the columns that hold text and label. docs/data.md states the
// rules. training/data/reader.py follows the same ones; both are tested on test/fixtures/reader-cases.json.
import { type Columns, explainMissingLabel, findColumns, hasProbabilities, type WantedColumns } from './columns.ts';
import { detectDialect, type FileRecord, readRecords, sampleLines } from './dialect.ts';
import { FileError } from './errors.ts';
import type { Fault } from './faults.ts';
import { listKeys, readObjects } from './json-lines.ts';
import type { LabelOption } from './labels.ts';
import type { Source } from './source.ts';
import { readText, splitLines, trim } from './text-file.ts';

/** How a file is read. An empty string leaves it to the file. */
export interface ReaderOptions extends WantedColumns {
  readonly labels: LabelOption;
  readonly delimiter: string;
  readonly encoding: string;
  /** Whether a text has nothing to read, which is the service's decision. */
  readonly isBlank: (text: string) => boolean;
  /** A single faulty row refuses the file. */
  readonly strict: boolean;
}

/** One row of a file. */
export interface Row {
  /** Its place among the rows, counted from 1. */
  readonly number: number;
  /** The line of the file that it begins on, counted from 1. */
  readonly line: number;
  /** How many rows are lost if it is faulty: a quote may swallow many. */
  readonly lines: number;
  readonly cells: readonly string[];
  /** What is wrong with it; undefined if it can be used. */
  readonly fault: Fault | undefined;
}

/** An open file. */
export interface Table {
  readonly columns: Columns;
  /** What separates its fields; undefined for JSON lines. */
  readonly delimiter: string | undefined;
  /** Each row is read when it is asked for. @throws FileError if the rest of the file cannot be read. */
  readonly rows: AsyncGenerator<Row>;
}

/**
 * Opens a file and finds its columns.
 *
 * @param needsLabel - whether there must be a column of labels, or columns of probabilities.
 * @throws FileError with a sentence for each thing that is wrong.
 */
export async function openTable(source: Source, options: ReaderOptions, needsLabel: boolean): Promise<Table> {
  const sample = await readSample(source, options.encoding);
  const { names, delimiter, records } = await openRecords(source, sample, options);
  const { columns, problems } = findColumns(names, options);
  if (needsLabel && problems.length === 0 && columns.label === undefined && !hasProbabilities(names))
    problems.push(explainMissingLabel(names));
  if (problems.length > 0) throw new FileError(problems.map((problem) => `${source.name}: ${problem}`).join('\n'));
  return { columns, delimiter, rows: readRows(records, columns, options.isBlank) };
}

async function readSample(source: Source, encoding: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(readText(source, encoding))) {
    lines.push(line);
    if (lines.length === sampleLines) break;
  }
  return lines;
}

interface OpenRecords {
  readonly names: readonly string[];
  readonly delimiter: string | undefined;
  readonly records: AsyncGenerator<FileRecord>;
}

async function openRecords(source: Source, sample: readonly string[], options: ReaderOptions): Promise<OpenRecords> {
  const { name } = source;
  const text = readText(source, options.encoding);
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(name)) {
    const names = listKeys(sample);
    if (names.length === 0) throw new FileError(`${name}: none of its first lines is a JSON object.`);
    return { names, delimiter: undefined, records: readObjects(splitLines(text), names) };
  }
  const dialect = await detectDialect(sample, sample.length === sampleLines, options.delimiter);
  const records = readRecords(text, dialect);
  const { value: header } = await records.next();
  if (!header) throw new FileError(`${name}: it is empty; its first row must name the columns.`);
  if (header.fault) throw new FileError(`${name}: its first row, which must name the columns, has ${header.fault}.`);
  return { names: header.cells.map(trim), delimiter: dialect.delimiter, records };
}

async function* readRows(
  records: AsyncIterable<FileRecord>,
  columns: Columns,
  isBlank: ReaderOptions['isBlank'],
): AsyncGenerator<Row> {
  let number = 0;
  for await (const record of records) {
    const { line, cells } = record;
    const lines = record.fault ? record.lines : 1;
    number += lines;
    yield { number, line, lines, cells, fault: record.fault ?? findFault(cells, columns, isBlank) };
  }
}

function findFault(
  cells: readonly string[],
  { names, text }: Columns,
  isBlank: ReaderOptions['isBlank'],
): Fault | undefined {
  if (cells.length !== names.length) return cells.length < names.length ? 'too few fields' : 'too many fields';
  return isBlank(cells[text] ?? '') ? 'an empty text' : undefined;
}
