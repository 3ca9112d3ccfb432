import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../command-line.ts';

/** A file's bytes, unpacked, without a byte order mark. */
export interface Input {
  readonly bytes: AsyncIterable<Buffer>;
  /** How much of the file the first so many of those bytes are, 0 to 1; an estimate if the file is packed. */
  shareOf(bytes: number): number;
}

/** The one sentence for a file that cannot be read. */
export function explainReading(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new UsageError(`${path} does not exist.`);
  return new UsageError(`${path} cannot be read (${message}).`);
}

/** Opening says whether a file can be read at all, and looking whether it is one. */
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

/** Before a quoted first name it would make the quotes part of the name. */
async function* stripMark(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start = true;
  for await (const chunk of source) {
    yield start && chunk.subarray(0, 3).equals(Buffer.from('\ufeff')) ? chunk.subarray(3) : chunk;
    start = false;
  }
}

const nothing = () => undefined;

function openPacked(path: string, totalBytes: number): Input {
  const unpacking = createGunzip();
  let unpackedBytes = 0;
  // Errors of the file reach who reads what is unpacked.
  pipeline(createReadStream(path), unpacking, nothing);
  unpacking.on('data', (chunk: Buffer) => {
    unpackedBytes += chunk.length;
  });
  unpacking.pause();
  const shareOf = (bytes: number) => (bytes / unpackedBytes) * (unpacking.bytesWritten / totalBytes);
  return { bytes: stripMark(unpacking), shareOf };
}

/**
 * Opens a file, or one packed with gzip (`.gz`). It is read as it is asked for.
 *
 * @throws UsageError with one sentence if it is missing or no file.
 */
export async function openInput(path: string): Promise<Input> {
  const totalBytes = await measure(path);
  if (path.endsWith('.gz')) return openPacked(path, totalBytes);
  return { bytes: stripMark(createReadStream(path)), shareOf: (bytes) => bytes / totalBytes };
}
