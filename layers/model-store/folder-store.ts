import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkKey } from './address.ts';
import { ModelStoreError, messageOf, systemCode } from './errors.ts';
import { describeLongText, longestTextBytes } from './manifest.ts';
import type { FetchedFile, FileRequest, ModelStore, StoredText, WriteCondition } from './types.ts';
import { findFault } from './verification.ts';
import type { FindFault } from './verification-cache.ts';

/**
 * Creates the store in a plain folder: files are verified and used where they are. It follows links inside the folder
 * and refuses those that lead out of it.
 *
 * @param root - absolute path of the folder that holds `current.json` and `versions/`.
 * @param verify - finds what is wrong with a file of a version.
 */
export function createFolderStore(root: string, verify: FindFault = findFault): ModelStore {
  const at = async <T>(key: string, use: (file: KeyedFile) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    checkKey(key, root);
    signal?.throwIfAborted();
    return use({ root, key }).catch(async (error: unknown) => {
      signal?.throwIfAborted();
      throw await explainFolderFailure(error, { root, key });
    });
  };
  const readText: ModelStore['readText'] = (key, { signal } = {}) => at(key, readFolderText, signal);
  return {
    location: root,
    readText,
    readTextIfChanged: async (key, etag, options) => {
      const stored = await readText(key, options);
      return stored.etag === etag ? undefined : stored;
    },
    fetchFile: (request) => at(request.key, (file) => verifyInPlace(file, request, verify), request.signal),
    writeText: (key, text, condition) => at(key, (file) => writeFolderText(file, text, condition)),
    listKeys: (folder) => at(folder, listFolder).catch(emptyIfMissing),
    reconnect: () => undefined,
  };
}

/** A key, and the absolute path of the store's folder that it is relative to. */
interface KeyedFile {
  readonly root: string;
  readonly key: string;
}

async function readFolderText(file: KeyedFile): Promise<StoredText> {
  const path = await findExisting(file);
  const { size } = await stat(path);
  if (size > longestTextBytes) throw new ModelStoreError(`${path} ${describeLongText(size)}`);
  const bytes = await readFile(path);
  return { text: bytes.toString('utf8'), etag: tagOf(bytes) };
}

/** A text's tag in a folder: its SHA-256, in quotes as an ETag has them. */
const tagOf = (bytes: Buffer | string): string => `"${createHash('sha256').update(bytes).digest('hex')}"`;

async function verifyInPlace(file: KeyedFile, request: FileRequest, verify: FindFault): Promise<FetchedFile> {
  const started = performance.now();
  const path = await findExisting(file);
  const fault = await verify(path, request);
  if (fault !== undefined)
    throw new ModelStoreError(`${path} ${fault}. Publish the version again, or promote another one.`, {
      damaged: true,
    });
  return { path, receivedBytes: 0, verifyMs: performance.now() - started };
}

/**
 * Lists the keys under a folder. Files whose name begins with a dot are the store's own: locks and unfinished texts.
 */
async function listFolder({ root, key }: KeyedFile): Promise<string[]> {
  const entries = await readdir(join(root, key), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function emptyIfMissing(error: unknown): string[] {
  if (error instanceof ModelStoreError && error.missing) return [];
  throw error;
}

/**
 * The real path of a key's file; links inside the store are followed. Opening a named pipe could block for ever.
 */
async function findExisting({ root, key }: KeyedFile): Promise<string> {
  const path = await resolveInside(root, join(root, key));
  if ((await stat(path)).isFile()) return path;
  throw new ModelStoreError(`${path} is not a file.`);
}

/** Returns the real path, and refuses one that links lead out of the store. */
async function resolveInside(root: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (isInside(await realpath(root), real)) return real;
  throw new ModelStoreError(`${path} is a link that leads out of the model store, to ${real}. Put the files into it.`);
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * Writes a text whole or not at all, by the protocol in docs/model-artifact.md: the complete file has a temporary
 * name in the same folder before link(2) or rename(2) gives it that name.
 */
async function writeFolderText({ root, key }: KeyedFile, text: string, condition: WriteCondition) {
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

async function create(complete: string, path: string): Promise<void> {
  if (!(await tryLink(complete, path))) throw conflictAt(path, 'it exists already');
}

/** link(2) fails if the name exists, also if another process has just created it. */
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

/**
 * The lock is a second name of the complete file, so that one rename both writes and unlocks. A publisher that dies
 * leaves either the old text with the lock, or the new text without it. Whoever finds that its lock is gone has been
 * taken for dead, and has written nothing.
 */
async function replace(complete: string, path: string, etag: string): Promise<void> {
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  await takeLock(complete, lock, path);
  try {
    if ((await readTag(path)) !== etag) throw conflictAt(path, 'another publisher has changed it since it was read');
    await rename(lock, path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw conflictAt(path, `another publisher has taken ${lock}`);
    await rm(lock, { force: true });
    throw error;
  }
}

/** Milliseconds for which a lock is waited for. A publisher holds it for a few; one that has not let go by then was killed. */
const lockMs = 5000;
const lockPauseMs = 50;

/** Takes the lock, that of a killed publisher too. Time is measured here, since a file server's clock may be another. */
async function takeLock(complete: string, lock: string, path: string): Promise<void> {
  let [seen, since] = ['', performance.now()];
  for (const started = performance.now(); performance.now() - started < 2 * lockMs; await sleep(lockPauseMs)) {
    if (await tryLink(complete, lock)) return;
    const holder = await identify(lock);
    if (holder !== seen) [seen, since] = [holder, performance.now()];
    else if (holder !== '' && performance.now() - since >= lockMs) await breakLock(lock, holder);
  }
  throw conflictAt(path, `other publishers hold ${lock}, one after the other`);
}

/** Tells one lock from the next: a number of a file is used again. Empty if there is no lock. */
async function identify(lock: string): Promise<string> {
  try {
    const { ino, ctimeNs } = await stat(lock, { bigint: true });
    return `${ino} ${ctimeNs}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Removes the lock if it is still this one. The lock gets another name first, so that only one publisher removes it. */
async function breakLock(lock: string, holder: string): Promise<void> {
  if ((await identify(lock)) !== holder) return;
  const broken = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, broken);
    await rm(broken, { force: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

async function readTag(path: string): Promise<string | undefined> {
  try {
    return tagOf(await readFile(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not access it. Change its owner or mode',
  EPERM: 'this user may not access it, or its file system has no hard links',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its disk is full',
  ELOOP: 'its links go round in a circle',
};

/** Turns a system's error into one that names the path, the reason and what to do. */
async function explainFolderFailure(cause: unknown, { root, key }: KeyedFile): Promise<ModelStoreError> {
  if (cause instanceof ModelStoreError) return cause;
  if (!(await isFolder(root)))
    return new ModelStoreError(`The model store ${root} is not a folder. A container sees only what is mounted.`, {
      cause,
    });
  const code = systemCode(cause) ?? '';
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  const reason = missing ? 'does not exist' : `cannot be used: ${reasons[code] ?? messageOf(cause)}`;
  return new ModelStoreError(`${join(root, key)} ${reason}.`, { missing, cause });
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
