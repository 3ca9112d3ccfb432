// The text of a user's file: unpacked, decoded, in pieces, so that a file of any size takes the same memory.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../command-line.ts';

/** First bytes of files that are no text, in Latin-1. */
const foreignFormats: readonly (readonly [start: string, name: string])[] = [
  ['PK\x03\x04', 'a zip file or an Excel workbook'],
  ['\xd0\xcf\x11\xe0', 'an Excel workbook'],
  ['PAR1', 'a Parquet file'],
  ['\x1f\x8b', 'packed with gzip, which its name must say (.gz)'],
  ['BZh', 'packed with bzip2'],
  ['\xfd7zXZ', 'packed with xz'],
  ['\x28\xb5\x2f\xfd', 'packed with zstd'],
];

/** Byte order marks in Latin-1, which decide about the encoding. */
const marks: readonly (readonly [mark: string, encoding: string])[] = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
];

/** Enough bytes to know a format and a byte order mark. */
const headBytes = 8;

/**
 * Reads a text file, unpacked if its name ends in `.gz`. No piece but the last ends with CR, so that CR LF is never divided.
 *
 * @param encoding - encoding of a file without a byte order mark; empty: UTF-8.
 * @throws UsageError in one sentence if it does not exist, is no text, is damaged, or has another encoding.
 */
export async function* readText(path: string, encoding: string): AsyncGenerator<string> {
  const isPacked = path.endsWith('.gz');
  await checkFormat(path, isPacked);
  let held = '';
  for await (const piece of decode(path, isPacked, encoding)) {
    const text = held + piece;
    held = text.endsWith('\r') ? '\r' : '';
    if (text.length > held.length) yield text.slice(0, text.length - held.length);
  }
  if (held !== '') yield held;
}

/** Divides text into lines with their ends: LF, CR LF or CR, and no other character. */
export async function* splitLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split(/(?<=\n|\r(?!\n))/);
    rest = /[\r\n]$/.test(piece) ? '' : (lines.pop() ?? '');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Returns how many line ends a text has. */
export const countLineEnds = (text: string): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** Returns a sentence if there is no such encoding. */
export function checkEncoding(name: string): string | undefined {
  try {
    createDecoder(name || 'utf-8');
    return undefined;
  } catch {
    return `--encoding ${name}: there is no such encoding; give a name such as utf-8, utf-16, latin-1 or cp1252.`;
  }
}

async function checkFormat(path: string, isPacked: boolean): Promise<void> {
  const head = await readHead(path);
  if (isPacked && !head.startsWith('\x1f\x8b'))
    throw new UsageError(`${path}: it is not packed with gzip although its name ends in .gz; rename it.`);
  const [, name] = foreignFormats.find(([start]) => head.startsWith(start)) ?? [];
  if (name && !isPacked) throw new UsageError(`${path}: it is ${name}; give it as CSV, TSV or JSON lines.`);
}

/** Reads the first bytes, in Latin-1. */
async function readHead(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const found = await file.stat();
    if (found.isDirectory()) throw new UsageError(`${path} is a folder: name a file in it.`);
    if (!found.isFile()) throw new UsageError(`${path} is no file that can be read twice; save its rows to one.`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    if ('code' in error && error.code === 'ENOENT') throw new UsageError(`${path} does not exist.`);
    throw new UsageError(`${path} cannot be read (${error.message}).`);
  }
}

/** Reads a file's bytes, unpacked. */
async function* readBytes(path: string, isPacked: boolean): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  if (!isPacked) {
    yield* file;
    return;
  }
  const unpacking = createGunzip();
  // An error of the file reaches the reader of the unpacked bytes.
  pipeline(file, unpacking).catch(() => undefined);
  try {
    yield* unpacking;
  } catch {
    throw new UsageError(`${path}: its gzip data is cut off or damaged; copy or pack it again.`);
  }
}

/** Joins the first chunks until they hold a byte order mark. */
async function* joinHead(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const joined: Buffer = head ? Buffer.concat([head, chunk]) : chunk;
    head = head && joined.length < headBytes ? joined : undefined;
    if (head === undefined) yield joined;
  }
  if (head) yield head;
}

async function* decode(path: string, isPacked: boolean, encoding: string): AsyncGenerator<string> {
  let decoder: Decoder | undefined;
  let found = '';
  try {
    for await (const chunk of joinHead(readBytes(path, isPacked))) {
      found ||= findEncoding(path, chunk, encoding);
      decoder ??= createDecoder(found);
      yield decoder(chunk);
    }
    yield decoder?.() ?? '';
  } catch (error) {
    if (!isDecodingError(error)) throw error;
    const wrong = found === 'utf-8' ? `line ${await findBadLine(path, isPacked)} is not UTF-8` : `it is not ${found}`;
    throw new UsageError(explainEncoding(path, wrong));
  }
}

const explainEncoding = (path: string, wrong: string) => `${path}: ${wrong}; name the file's encoding with --encoding.`;

const isDecodingError = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';

function findEncoding(path: string, chunk: Buffer, encoding: string): string {
  const head = chunk.toString('latin1', 0, headBytes);
  const [, marked] = marks.find(([mark]) => head.startsWith(mark)) ?? [];
  if (!marked && !encoding && head.slice(0, 2).includes('\0'))
    throw new UsageError(`${path}: it looks like UTF-16 without a byte order mark; name it with --encoding.`);
  if (!marked && /^utf[-_]?16$/i.test(encoding)) throw new UsageError(explainEncoding(path, `it is not ${encoding}`));
  return marked ?? (encoding || 'utf-8');
}

/** Returns the text of the next bytes. Without bytes, the text is at its end. It throws for bytes of another encoding. */
type Decoder = (chunk?: Buffer) => string;

/** Throws RangeError if there is no such encoding. */
function createDecoder(name: string): Decoder {
  const label = name.toLowerCase().replaceAll('_', '-');
  // To the web's standard, Latin-1 is another name of Windows-1252. To Python it is not.
  if (/^(latin|l|iso-?8859)-?1$/.test(label)) return (chunk) => chunk?.toString('latin1') ?? '';
  const decoder = new TextDecoder(label.replace(/^utf-?(8|16)(?:-?sig|-?([lb]e))?$/, 'utf-$1$2'), { fatal: true });
  return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
}

/** Finds the first line of a file that is not UTF-8. */
async function findBadLine(path: string, isPacked: boolean): Promise<number> {
  async function* toLatin1() {
    for await (const chunk of readBytes(path, isPacked)) yield chunk.toString('latin1');
  }
  let number = 0;
  for await (const line of splitLines(toLatin1())) {
    number += 1;
    if (!isUtf8(Buffer.from(line, 'latin1'))) break;
  }
  return number;
}
