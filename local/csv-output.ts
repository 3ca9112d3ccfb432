// Rows written as CSV in UTF-8, to standard output or to a file, one by one.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { stringify } from 'csv-stringify/sync';
import { UsageError } from './command-line.ts';

type Rows = AsyncIterable<readonly string[]>;

/** Characters that are written together: a write for each row would cost as much as reading it. */
const charactersTogether = 16_384;

async function* encodeRows(rows: Rows): AsyncGenerator<Buffer> {
  let text = '';
  for await (const fields of rows) {
    text += stringify([[...fields]]);
    if (text.length < charactersTogether) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
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
