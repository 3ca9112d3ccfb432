import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ModelStoreError, messageOf } from './errors.ts';

const suffix = '.part';
/** A download that has not written for so long is dead: even its last retry would have stalled by now. */
const abandonedMs = 120_000;

/** Runs a step that touches the disk, and says which path failed. */
export async function onDisk<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new ModelStoreError(`${path} cannot be written: ${messageOf(cause)}. Name a writable folder with room.`, {
      cause,
    });
  }
}

/**
 * Makes a file of the given length under a temporary name, has it filled, and gives it its final name; on any failure
 * it is removed.
 *
 * @returns what `fill` returned.
 */
export async function fillThenRename<T>(
  { path, bytes }: { readonly path: string; readonly bytes: number },
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${randomUUID()}${suffix}`;
  await onDisk(path, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
  await removeAbandoned(path);
  try {
    const result = await fillNew(temporary, bytes, fill);
    await onDisk(path, () => rename(temporary, path));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function fillNew<T>(temporary: string, bytes: number, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await onDisk(temporary, () => open(temporary, 'wx+', 0o600));
  try {
    await onDisk(temporary, () => file.truncate(bytes));
    return await fill(file);
  } finally {
    await file.close();
  }
}

/** What a killed process left would in the end fill the small disk that a function has. */
async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder);
  const ours = names.filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith(suffix));
  for (const left of ours.map((name) => join(folder, name))) {
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedMs) await rm(left, { force: true });
  }
}

/** How many bytes the chunks have together. */
export const countBytes = (chunks: readonly Buffer[]): number =>
  chunks.reduce((bytes, { length }) => bytes + length, 0);

/** Writes all of the chunks, one behind the other: writev(2) may take less than it is given. */
export async function writeAt(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, position);
  if (bytesWritten === countBytes(chunks)) return;
  if (bytesWritten === 0) throw new Error('the disk takes no more bytes');
  await writeAt(file, [Buffer.concat(chunks).subarray(bytesWritten)], position + bytesWritten);
}
