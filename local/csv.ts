// CSV files, plain or packed with gzip, read and written row by row so that a file of any size takes the same memory.
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { type CsvError, type Info, parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { UsageError } from './command-line.ts';

/** Most bytes of one row. Without a limit a quote that is never closed would fill the memory. */
const maxRowBytes = 64 * 1024 * 1024;

/**
 * One row. Its fields hold one character per byte (Latin-1), so that bytes which are not UTF-8 are written as they were read.
 * `decodeField` returns a field's text.
 */
export interface Row {
  /** 1 for the first row under the header. */
  readonly number: number;
  readonly fields: readonly string[];
  /** Share of the file up to the row's end, 0 to 1. */
  readonly share: number;
}

/** An open CSV file. */
export interface Table {
  readonly header: readonly string[];
  /** Each row is read when it is asked for. @throws UsageError if the file is cut off or cannot be read any more. */
  readonly rows: AsyncIterable<Row>;
  /** After the last row: why the rest of the file could not be read; undefined if there is no rest. */
  fault(): string | undefined;
}

interface ParsedRow {
  readonly record: string[];
  readonly info: Info;
}

/** Returns a field's text, or undefined if its bytes are not UTF-8. */
export function decodeField(field: string): string | undefined {
  const bytes = Buffer.from(field, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

const createParser = () =>
  parse({
    encoding: 'latin1',
    info: true,
    // Files made by hand have stray quotes, short rows and all kinds of line ends.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: maxRowBytes,
    // Otherwise a row that breaks the file's grammar would discard rows that were read before it.
    skip_records_with_error: true,
  });

/**
 * Opens a CSV file and reads its header.
 *
 * @throws UsageError in one sentence if it does not exist, is not a file, or is empty.
 */
export async function openTable(path: string): Promise<Table> {
  const { bytes, shareOf } = await openInput(path);
  const parser = createParser();
  let fault: string | undefined;
  parser.once('skip', (error: CsvError) => {
    fault = describeBrokenRow(error);
  });
  // An error of the stream reaches the reader of the rows.
  pipeline(bytes, parser).catch(nothing);
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

/** A file's bytes, unpacked, without a byte order mark. */
interface Input {
  readonly bytes: AsyncIterable<Buffer>;
  /** Share of the file that the first `bytes` of those bytes are, 0 to 1. An estimate if the file is packed. */
  shareOf(bytes: number): number;
}

/** Says in one sentence why a file cannot be read. */
function explainReading(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new UsageError(`${path} does not exist.`);
  return new UsageError(`${path} cannot be read (${message}).`);
}

/** Returns the file's size. Throws UsageError if it cannot be opened or is a folder. */
async function measure(path: string): Promise<number> {
  try {
    await using handle = await open(path);
    const found = await handle.stat();
    if (found.isDirectory()) throw new UsageError(`${path} is a folder: name a CSV file in it.`);
    return found.size;
  } catch (error) {
    throw explainReading(path, error);
  }
}

/** Removes the byte order mark. Before a quoted first name it would make the quotes part of the name. */
async function* stripMark(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start = true;
  for await (const chunk of source) {
    yield start && chunk.subarray(0, 3).equals(Buffer.from('\ufeff')) ? chunk.subarray(3) : chunk;
    start = false;
  }
}

function openPacked(path: string, totalBytes: number): Input {
  const unpacking = createGunzip();
  let unpackedBytes = 0;
  // An error of the file reaches the reader of the unpacked bytes.
  pipeline(createReadStream(path), unpacking).catch(nothing);
  unpacking.on('data', (chunk: Buffer) => {
    unpackedBytes += chunk.length;
  });
  unpacking.pause();
  const shareOf = (bytes: number) => (bytes / unpackedBytes) * (unpacking.bytesWritten / totalBytes);
  return { bytes: stripMark(unpacking), shareOf };
}

/**
 * Opens a file, unpacked if its name ends in `.gz`.
 *
 * @throws UsageError in one sentence if it does not exist or is not a file.
 */
async function openInput(path: string): Promise<Input> {
  const totalBytes = await measure(path);
  if (path.endsWith('.gz')) return openPacked(path, totalBytes);
  return { bytes: stripMark(createReadStream(path)), shareOf: (bytes) => bytes / totalBytes };
}

/** Rows whose fields hold one character per byte, as those of `Table`. */
type Rows = AsyncIterable<readonly string[]>;

async function* encodeRows(rows: Rows): AsyncGenerator<Buffer> {
  for await (const fields of rows) yield Buffer.from(stringify([[...fields]]), 'latin1');
}

/** Writes rows to standard output as fast as its reader takes them. Rejects with EPIPE if the reader goes away. */
export async function writeToStandardOutput(rows: Rows, signal: AbortSignal): Promise<void> {
  await pipeline(encodeRows(rows), process.stdout, { end: false, signal });
}

/** Follows a link. A device or pipe, such as /dev/null, is written to and not replaced. */
async function findTarget(path: string): Promise<{ readonly path: string; readonly replace: boolean }> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new UsageError(`--out ${path} is a folder: name a file in it.`);
    return { path: await realpath(path), replace: found.isFile() };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return { path, replace: true };
  }
}

/**
 * Writes rows to a file, packed if its name ends in `.gz`. An earlier file of that name is replaced when all rows are
 * written. It stays as it was if the run fails.
 *
 * @throws UsageError if the file cannot be written.
 */
export async function writeToFile(out: string, rows: Rows, signal: AbortSignal): Promise<void> {
  const target = await findTarget(out);
  const path = target.replace ? `${target.path}.${randomUUID().slice(0, 8)}.part` : target.path;
  try {
    const file = createWriteStream(path);
    if (out.endsWith('.gz')) await pipeline(encodeRows(rows), createGzip(), file, { signal });
    else await pipeline(encodeRows(rows), file, { signal });
    if (target.replace) await rename(path, target.path);
  } catch (error) {
    if (target.replace) await rm(path, { force: true });
    throw explainWriting(out, error);
  }
}

function explainWriting(out: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (!syscall) return error;
  if (code === 'ENOENT') return new UsageError(`--out ${out}: the folder ${dirname(out)} does not exist.`);
  return new UsageError(`--out ${out} cannot be written (${message}).`);
}

const nothing = () => undefined;
