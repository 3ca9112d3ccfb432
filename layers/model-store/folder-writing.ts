import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelStoreError, systemCode } from './errors.ts';
import { type FolderPlace, resolveInside } from './folder-place.ts';
import type { WriteCondition } from './types.ts';

const lockTries = 20;
const lockPauseMs = 50;

/** A text's tag in a folder: its SHA-256, in the quotes that an ETag has. */
export const tagOf = (bytes: Buffer | string): string => `"${createHash('sha256').update(bytes).digest('hex')}"`;

/**
 * Writes a text whole or not at all, by the protocol in docs/model-artifact.md: the complete file lies beside its final
 * name before link(2) or rename(2) gives it that name.
 */
export async function writeFolderText({ root, key }: FolderPlace, text: string, condition: WriteCondition) {
  await mkdir(dirname(join(root, key)), { recursive: true });
  const folder = await resolveInside(root, dirname(join(root, key)));
  const path = join(folder, basename(key));
  const complete = join(folder, `.${basename(key)}.${randomUUID()}`);
  try {
    await writeComplete(complete, text);
    await ('ifAbsent' in condition ? create(complete, path) : replace(complete, path, condition.ifMatch));
  } finally {
    await rm(complete, { force: true });
  }
  return tagOf(text);
}

async function writeComplete(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** link(2) refuses a name that is taken, whoever took it and however late. */
async function tryLink(existing: string, name: string): Promise<boolean> {
  try {
    await link(existing, name);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

const conflictAt = (path: string, reason: string) =>
  new ModelStoreError(`${path} was not written: ${reason}.`, { conflict: true });

async function create(complete: string, path: string): Promise<void> {
  if (!(await tryLink(complete, path))) throw conflictAt(path, 'it exists already');
}

/**
 * The lock is a second name of the complete file, so that one rename both writes and unlocks: a publisher that dies
 * leaves either the old text with the lock, or the new text without.
 */
async function replace(complete: string, path: string, etag: string): Promise<void> {
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  await takeLock(complete, lock, path);
  try {
    if ((await readTag(path)) !== etag) throw conflictAt(path, 'another publisher has changed it since it was read');
    await rename(lock, path);
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  }
}

async function takeLock(complete: string, lock: string, path: string): Promise<void> {
  for (let tries = 0; tries < lockTries; tries++) {
    if (await tryLink(complete, lock)) return;
    await sleep(lockPauseMs);
  }
  throw conflictAt(path, `another publisher holds ${lock}. If none is running, delete that file`);
}

async function readTag(path: string): Promise<string | undefined> {
  try {
    return tagOf(await readFile(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
