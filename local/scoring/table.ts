import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { UsageError } from '../command-line.ts';
import { explainReading, openInput } from './input.ts';

/** Bytes of one row; a quote that is never closed must not fill the memory. */
const maxRowBytes = 64 * 1024 * 1024;

/**
 * One row. Fields hold one character per byte (Latin-1), so that bytes which are no UTF-8 come out of the run as they went
 * in. `decodeField` gives the text.
 */
export interface Row {
  /** 1 for the first row under the header. */
  readonly number: number;
  readonly fields: readonly string[];
  /** How much of the file lies before the row's end, 0 to 1. */
  readonly share: number;
}

/** An open CSV file. */
export interface Table {
  readonly header: readonly string[];
  /** Read as they are asked for. @throws UsageError if the file ends in the middle or cannot be read any more. */
  readonly rows: AsyncIterable<Row>;
  /** Why the rest of the file could not be read, once the rows have ended. */
  fault(): string | undefined;
}

interface ParsedRow {
  readonly record: string[];
  readonly info: Info;
}

/** A field's text, or undefined if its bytes are no UTF-8. */
export function decodeField(field: string): string | undefined {
  const bytes = Buffer.from(field, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

const createParser = () =>
  parse({
    encoding: 'latin1',
    info: true,
    // What people make by hand has stray quotes, short rows and all kinds of line ends.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: maxRowBytes,
    // A row that breaks the file's grammar would otherwise take with it those that were read before.
    skip_records_with_error: true,
  });

/**
 * Opens a CSV file and reads its header.
 *
 * @throws UsageError with one sentence if it is missing, no file, or empty.
 */
export async function openTable(path: string): Promise<Table> {
  const { bytes, shareOf } = await openInput(path);
  const parser = createParser();
  let fault: string | undefined;
  parser.once('skip', (error: CsvError) => {
    fault = describeBrokenRow(error);
  });
  // Errors arrive where the rows are read.
  pipeline(bytes, parser, () => undefined);
  const records: AsyncIterator<ParsedRow> = parser[Symbol.asyncIterator]();
  const first = await records.next().catch((error: unknown) => {
    throw explainReading(path, error);
  });
  if (first.done) throw new UsageError(fault ? `${path}: ${fault}.` : `${path} is empty: it has no header row.`);
  return { header: first.value.record, rows: readRows(path, records, shareOf), fault: () => fault };
}

function describeBrokenRow({ code, records, lines }: CsvError): string {
  const reason =
    code === 'CSV_QUOTE_NOT_CLOSED' ? 'has a quote that is never closed' : `is longer than ${maxRowBytes} bytes`;
  return `row ${records} ${reason}, so that nothing could be read from there to line ${lines}`;
}

async function* readRows(
  path: string,
  records: AsyncIterator<ParsedRow>,
  shareOf: (bytes: number) => number,
): AsyncGenerator<Row> {
  for (let number = 1; ; number++) {
    const { done, value } = await records.next().catch((error: Error) => {
      throw new UsageError(`${path} cannot be read beyond row ${number - 1} (${error.message}).`);
    });
    if (done) return;
    yield { number, fields: value.record, share: shareOf(value.info.bytes) };
  }
}
