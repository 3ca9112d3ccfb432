// The text of a user's file: unpacked, decoded, in pieces, so that a file of any size takes the same memory.
import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FileError } from './errors.ts';
import type { Source } from './source.ts';

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
 * @throws FileError in one sentence if it is no text, is damaged, or has another encoding.
 */
export async function* readText(source: Source, encoding: string): AsyncGenerator<string> {
  await checkFormat(source);
  let held = '';
  for await (const piece of decode(source, encoding)) {
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

/**
 * A text without the white space around it, which is that of JavaScript and of Python together: training reads the same files.
 * Neither of the two has all of it.
 */
export const trim = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to Python
  text.replace(/^[\s\u001c-\u001f\u0085]+|[\s\u001c-\u001f\u0085]+$/g, '');

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

const isPacked = ({ name }: Source) => name.endsWith('.gz');

async function checkFormat(source: Source): Promise<void> {
  const head = await readHead(source);
  const packed = isPacked(source);
  if (packed && !head.startsWith('\x1f\x8b'))
    throw new FileError(`${source.name}: it is not packed with gzip although its name ends in .gz; rename it.`);
  const [, name] = foreignFormats.find(([start]) => head.startsWith(start)) ?? [];
  if (name && !packed) throw new FileError(`${source.name}: it is ${name}; give it as CSV, TSV or JSON lines.`);
}

/** Reads the first bytes, in Latin-1. */
async function readHead(source: Source): Promise<string> {
  for await (const head of joinHead(source.read())) return head.toString('latin1', 0, headBytes);
  return '';
}

/** Reads a file's bytes, unpacked. */
async function* readBytes(source: Source): AsyncGenerator<Uint8Array> {
  if (!isPacked(source)) {
    yield* source.read();
    return;
  }
  const unpacking = createGunzip();
  let failure: unknown;
  async function* readPacked() {
    try {
      yield* source.read();
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  // An error of the source or of its data reaches the reader of the unpacked bytes.
  pipeline(readPacked, unpacking).catch(() => undefined);
  try {
    yield* unpacking;
  } catch {
    throw failure ?? new FileError(`${source.name}: its gzip data is cut off or damaged; copy or pack it again.`);
  }
}

/** Joins the first chunks until they hold a byte order mark. */
async function* joinHead(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const joined: Buffer = head
      ? Buffer.concat([head, chunk])
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    head = head && joined.length < headBytes ? joined : undefined;
    if (head === undefined) yield joined;
  }
  if (head) yield head;
}

async function* decode(source: Source, encoding: string): AsyncGenerator<string> {
  let decoder: Decoder | undefined;
  let found = '';
  try {
    for await (const chunk of joinHead(readBytes(source))) {
      found ||= findEncoding(source, chunk, encoding);
      decoder ??= createDecoder(found);
      yield decoder(chunk);
    }
    yield decoder?.() ?? '';
  } catch (error) {
    if (!isDecodingError(error)) throw error;
    const wrong = found === 'utf-8' ? `line ${await findBadLine(source)} is not UTF-8` : `it is not ${found}`;
    throw new FileError(explainEncoding(source, wrong));
  }
}

const explainEncoding = ({ name }: Source, wrong: string) =>
  `${name}: ${wrong}; name the file's encoding with --encoding.`;

const isDecodingError = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';

function findEncoding(source: Source, chunk: Buffer, encoding: string): string {
  const head = chunk.toString('latin1', 0, headBytes);
  const [, marked] = marks.find(([mark]) => head.startsWith(mark)) ?? [];
  if (!marked && !encoding && head.slice(0, 2).includes('\0'))
    throw new FileError(`${source.name}: it looks like UTF-16 without a byte order mark; name it with --encoding.`);
  if (!marked && /^utf[-_]?16$/i.test(encoding)) throw new FileError(explainEncoding(source, `it is not ${encoding}`));
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
async function findBadLine(source: Source): Promise<number> {
  async function* toLatin1() {
    for await (const chunk of readBytes(source)) yield Buffer.from(chunk).toString('latin1');
  }
  let number = 0;
  for await (const line of splitLines(toLatin1())) {
    number += 1;
    if (!isUtf8(Buffer.from(line, 'latin1'))) break;
  }
  return number;
}
