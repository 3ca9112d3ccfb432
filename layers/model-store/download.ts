import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Limit, runConcurrently } from './concurrency.ts';
import { systemCode, WrongBytesError } from './errors.ts';
import { listParts } from './manifest.ts';
import { fetchPart, type RangeSource, type Transfer } from './part-transfer.ts';
import { createPrefixHash } from './prefix-hash.ts';
import { fillThenRename, onDisk } from './temporary-file.ts';
import type { FetchedFile, FileRequest } from './types.ts';
import { describeWrongWhole, findFault } from './verification.ts';

/** Fetches a file into `directory`, unless it lies there already, verified as `ReadableStore.fetchFile` promises. */
export async function downloadFile(source: RangeSource, request: FileRequest, limit: Limit): Promise<FetchedFile> {
  const started = performance.now();
  const path = join(request.directory, request.key);
  if (await onDisk(path, () => isPresent(path, request)))
    return { path, receivedBytes: 0, verifyMs: performance.now() - started };
  const { bytes } = request.entry;
  const verifyMs = await fillThenRename({ path, bytes }, (file) =>
    fill({ source, request, file, etag: undefined }, limit),
  );
  return { path, receivedBytes: bytes, verifyMs };
}

/** A file under the final name that is not what it should be does not stay there. */
async function isPresent(path: string, request: FileRequest): Promise<boolean> {
  try {
    if ((await findFault(path, request)) === undefined) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  await rm(path, { force: true });
  return false;
}

/**
 * Fetches all parts, each verified, and then has verified every byte. Hashing them once more shows whether the manifest agrees with
 * itself; returns how many milliseconds that took after the last part had come.
 */
async function fill(transfer: Transfer, limit: Limit): Promise<number> {
  const { request, file } = transfer;
  const parts = listParts(request.entry, request.partBytes);
  const prefix = request.checkWhole ? createPrefixHash(file, parts) : undefined;
  const fetch = parts.map((part) => async (signal: AbortSignal) => {
    await limit(() => fetchPart(transfer, part, signal));
    prefix?.add(part);
  });
  await runConcurrently(fetch, request.signal).catch(async (error: unknown) => {
    await prefix?.digest().catch(() => undefined); // the file must not be closed while it is read
    throw error;
  });
  if (!prefix) return 0;
  const arrived = performance.now();
  compareWhole(transfer, await prefix.digest());
  return performance.now() - arrived;
}

function compareWhole({ source, request }: Transfer, actual: string): void {
  if (actual !== request.entry.sha256)
    throw new WrongBytesError(`${source.name} ${describeWrongWhole(request.entry, actual)}.`);
}
