// How a delimited file is written: its delimiter, and whether its fields may be quoted.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import type { Fault } from './faults.ts';
import { countLineEnds } from './text-file.ts';

/** Lines from the start of a file that decide. */
export const sampleLines = 1000;

/** Most bytes of one record. Without a limit a quote that is never closed would fill the memory. */
const maxRecordBytes = 64 * 1024 * 1024;

/** How a delimited file is written. */
export interface Dialect {
  /** One character. */
  readonly delimiter: string;
  /** Whether a field in double quotes may hold delimiters, line ends, and quotes that are doubled. */
  readonly isQuoted: boolean;
}

/** One record of a file. */
export interface FileRecord {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** How many lines it spans. */
  readonly lines: number;
  readonly cells: readonly string[];
  readonly fault?: Fault;
}

const delimiters = { comma: ',', tab: '\t', semicolon: ';' } as const;

/** Returns the delimiter that `--delimiter` names, empty if it names none, or undefined if it cannot be one. */
export function parseDelimiter(name: string): string | undefined {
  const known: Readonly<Record<string, string>> = { ...delimiters, '\\t': '\t' };
  const delimiter = known[name.toLowerCase()] ?? name;
  return delimiter.length <= 1 && !/["\r\n]/.test(delimiter) ? delimiter : undefined;
}

/** Reads the records of a delimited file. It passes over blank lines. */
export async function* readRecords(text: AsyncIterable<string>, dialect: Dialect): AsyncGenerator<FileRecord> {
  let total = 0;
  let last = '\n';
  let isOpen = false;
  async function* feed() {
    for await (const piece of text) {
      total += countLineEnds(piece);
      last = piece;
      if (!isOpen) yield piece;
    }
  }
  const parser = createParser(dialect);
  parser.once('skip', () => {
    isOpen = true;
  });
  // An error of the text reaches the reader of the records.
  pipeline(feed, parser).catch(() => undefined);
  const isWellFormed = createQuoteCheck(dialect);
  let line = 1;
  for await (const { record: cells, raw } of parser as AsyncIterable<ParsedRecord>) {
    const lines = countLineEnds(raw) + Number(isUnended(raw));
    if (!isWellFormed(cells, raw)) yield { line, lines, cells, fault: 'a quote that ends inside a field' };
    else if (cells.length > 1 || cells[0] !== '') yield { line, lines, cells };
    line += lines;
  }
  const lines = total + Number(isUnended(last)) - line + 1;
  if (isOpen) yield { line, lines, cells: [], fault: 'a quote that is never closed' };
}

/** Whether a text ends in a line without its end, as the last one of a file may. */
const isUnended = (text: string) => !/[\r\n]$/.test(text);

interface ParsedRecord {
  readonly record: string[];
  readonly raw: string;
}

const createParser = ({ delimiter, isQuoted }: Dialect) =>
  parse({
    delimiter,
    quote: isQuoted ? '"' : null,
    raw: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: maxRecordBytes,
    // Otherwise a quote that is never closed would discard records that were read before it.
    skip_records_with_error: true,
  });

/**
 * Returns a check that no quoted field goes on after its closing quote. The parser reads such a field as it stands, as it
 * reads a field with quotes in its middle, which is well formed. If NUL follows, it leaves out the quotes.
 */
function createQuoteCheck({ delimiter, isQuoted }: Dialect): (cells: readonly string[], raw: string) => boolean {
  if (!isQuoted) return () => true;
  const separator = `\\u{${delimiter.codePointAt(0)?.toString(16)}}`;
  const field = `(?:"[^"]*(?:""[^"]*)*"|(?!")[^${separator}\\r\\n]*)`;
  const wellFormed = new RegExp(`^${field}(?:${separator}${field})*[\\r\\n]?$`, 'u');
  const isSuspicious = (cells: readonly string[], raw: string) =>
    cells.some((cell) => cell.startsWith('"')) || raw.includes('"\0');
  return (cells, raw) => !isSuspicious(cells, raw) || wellFormed.test(raw);
}

/**
 * Finds how the file that begins with these lines is written. The delimiter is the one by which most rows have as many fields
 * as the header. Tab-separated files are read without quotes, unless every quoted field of the sample ends where it should.
 *
 * @param isCut - whether more lines follow.
 * @param delimiter - the delimiter if it is known, or empty.
 */
export async function detectDialect(sample: readonly string[], isCut: boolean, delimiter: string): Promise<Dialect> {
  const chosen = delimiter || (await detectDelimiter(sample));
  return { delimiter: chosen, isQuoted: chosen !== '\t' || (await hasQuotedFields(sample, isCut)) };
}

async function detectDelimiter(sample: readonly string[]): Promise<string> {
  let best: string = delimiters.comma;
  let [mostEven, mostFields] = [0, 1];
  for (const delimiter of Object.values(delimiters)) {
    const records = await readSample(sample, { delimiter, isQuoted: delimiter !== '\t' });
    const [header = 0, ...rows] = records.map(({ cells, fault }) => (fault ? 0 : cells.length));
    const even = rows.length > 0 ? rows.filter((count) => count === header).length / rows.length : 1;
    if (header > 1 && (even > mostEven || (even === mostEven && header > mostFields)))
      [best, mostEven, mostFields] = [delimiter, even, header];
  }
  return best;
}

async function hasQuotedFields(sample: readonly string[], isCut: boolean): Promise<boolean> {
  if (!sample.some((line) => /(^|\t)"/.test(line))) return false;
  const records = await readSample(sample, { delimiter: '\t', isQuoted: true });
  if (isCut && records.at(-1)?.fault === 'a quote that is never closed') records.pop();
  return records.every(({ cells, fault }) => fault === undefined && cells.length === records[0]?.cells.length);
}

async function readSample(sample: readonly string[], dialect: Dialect): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for await (const record of readRecords(Readable.from([sample.join('')]), dialect)) records.push(record);
  return records;
}
