import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { checkKey } from './address.ts';
import { ModelStoreError } from './errors.ts';
import { explainFolderFailure, type FolderPlace, findExisting } from './folder-place.ts';
import { tagOf, writeFolderText } from './folder-writing.ts';
import { describeLongText, longestTextBytes } from './manifest.ts';
import type { FetchedFile, FileRequest, ModelStore, StoredText } from './types.ts';
import { findFault } from './verification.ts';

async function readFolderText(place: FolderPlace): Promise<StoredText> {
  const path = await findExisting(place);
  const { size } = await stat(path);
  if (size > longestTextBytes) throw new ModelStoreError(`${path} ${describeLongText(size)}`);
  const bytes = await readFile(path);
  return { text: bytes.toString('utf8'), etag: tagOf(bytes) };
}

async function verifyInPlace(place: FolderPlace, request: FileRequest): Promise<FetchedFile> {
  const started = performance.now();
  const path = await findExisting(place);
  const fault = await findFault(path, request);
  if (fault !== undefined)
    throw new ModelStoreError(`${path} ${fault}. Publish the version again, or promote another one.`, {
      damaged: true,
    });
  return { path, receivedBytes: 0, verifyMs: performance.now() - started };
}

/** Files whose name begins with a dot are this store's own: locks, and texts that are still being written. */
async function listFolder({ root, key }: FolderPlace): Promise<string[]> {
  const entries = await readdir(join(root, key), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * The store in a plain folder: files are verified and used where they lie. It follows links inside the folder and
 * refuses those that lead out of it.
 *
 * @param root - absolute path of the folder that holds `current.json` and `versions/`.
 */
export function createFolderStore(root: string): ModelStore {
  const at = async <T>(key: string, use: (place: FolderPlace) => Promise<T>, signal?: AbortSignal): Promise<T> => {
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
    fetchFile: (request) => at(request.key, (place) => verifyInPlace(place, request), request.signal),
    writeText: (key, text, condition) => at(key, (place) => writeFolderText(place, text, condition)),
    listKeys: (folder) => at(folder, listFolder).catch(emptyIfMissing),
  };
}

function emptyIfMissing(error: unknown): string[] {
  if (error instanceof ModelStoreError && error.missing) return [];
  throw error;
}
