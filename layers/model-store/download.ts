import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Limit, runConcurrently } from './concurrency.ts';
import { ModelStoreError, messageOf, systemCode, TransferError, WrongBytesError } from './errors.ts';
import { listParts, type Part } from './manifest.ts';
import { type FailureKind, type RetryPolicy, readChunks, retry, type StallTimeout, withStallTimeout } from './retry.ts';
import type { FetchedFile, FileRequest } from './types.ts';
import {
  createIncrementalHash,
  describeWrongLength,
  describeWrongPart,
  describeWrongWhole,
  findFault,
} from './verification.ts';

/** A server's answer to a request for one range. */
export interface RangeAnswer {
  readonly etag: string;
  /** Length of the whole object. */
  readonly objectBytes: number;
  readonly body: Readable;
}

/** How a range is requested: `ifMatch` is the tag that the object must still have. */
export interface RangeOptions {
  readonly ifMatch: string | undefined;
  readonly signal: AbortSignal;
}

/** Where the ranges of one object come from. */
export interface RangeSource {
  /** The object's full address, for error messages. */
  readonly name: string;
  readonly retryPolicy: RetryPolicy;
  open(part: Part, options: RangeOptions): Promise<RangeAnswer>;
  classify(error: unknown): FailureKind;
}

/**
 * Downloads a file into `directory`, unless it is there already, verified as `ReadableStore.fetchFile` promises.
 *
 * @param limit - bounds how many ranges are open at once.
 */
export async function downloadFile(source: RangeSource, request: FileRequest, limit: Limit): Promise<FetchedFile> {
  const started = performance.now();
  const path = join(request.directory, request.key);
  if (await onDisk(path, () => isPresent(path, request)))
    return { path, receivedBytes: 0, verifyMs: performance.now() - started };
  const { bytes } = request.entry;
  const verifyMs = await fillThenRename({ path, bytes }, (file) =>
    downloadParts({ source, request, file, etag: undefined }, limit),
  );
  return { path, receivedBytes: bytes, verifyMs };
}

/** Whether the sound file is there under its final name. A damaged one is removed. */
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

/** A file on its way to an open temporary file. */
interface Transfer {
  readonly source: RangeSource;
  readonly request: FileRequest;
  readonly file: FileHandle;
  /** The tag of the first answer, once there is one. All other answers must have the same. */
  etag: string | undefined;
}

/**
 * Downloads all parts and verifies each, so that every byte is verified. With `checkWhole` the whole file is hashed
 * too, which shows whether the manifest agrees with itself. Returns how many milliseconds that took after the last part
 * came.
 */
async function downloadParts(transfer: Transfer, limit: Limit): Promise<number> {
  const { request, file } = transfer;
  const parts = listParts(request.entry, request.partBytes);
  const wholeHash = request.checkWhole ? createIncrementalHash(file, parts) : undefined;
  const tasks = parts.map((part) => async (signal: AbortSignal) => {
    await limit(() => downloadPart(transfer, part, signal));
    wholeHash?.add(part);
  });
  await runConcurrently(tasks, request.signal).catch(async (error: unknown) => {
    await wholeHash?.digest().catch(() => undefined); // the file must not be closed while it is read
    throw error;
  });
  if (!wholeHash) return 0;
  const arrived = performance.now();
  checkWhole(transfer, await wholeHash.digest());
  return performance.now() - arrived;
}

function checkWhole({ source, request }: Transfer, actual: string): void {
  if (actual !== request.entry.sha256)
    throw new WrongBytesError(`${source.name} ${describeWrongWhole(request.entry, actual)}.`);
}

/**
 * Writes one part at its position in the file and checks its hash. Only this part is requested again when it fails. The
 * first requests of a file go out together, before any tag is known; their tags are compared when they answer.
 */
function downloadPart(transfer: Transfer, part: Part, signal: AbortSignal): Promise<void> {
  const { retryPolicy: policy, classify } = transfer.source;
  const attempt = () => withStallTimeout({ ...policy, signal }, (timeout) => receivePart(transfer, part, timeout));
  return retry(attempt, { policy, classify, signal });
}

async function receivePart(transfer: Transfer, part: Part, timeout: StallTimeout): Promise<void> {
  const { source, request } = transfer;
  const answer = await source.open(part, { ifMatch: transfer.etag, signal: timeout.signal });
  checkAnswer(transfer, answer);
  const actual = await writePart(transfer, part, readChunks(answer.body, timeout));
  if (actual !== part.sha256)
    throw new WrongBytesError(`${source.name} ${describeWrongPart(request.entry, part, actual)}.`);
}

function checkAnswer(transfer: Transfer, { etag, objectBytes, body }: RangeAnswer): void {
  const { source, request } = transfer;
  transfer.etag ??= etag;
  const fault =
    objectBytes !== request.entry.bytes
      ? `${describeWrongLength(request, objectBytes)}. Publish the version again, or promote another one`
      : transfer.etag !== etag && 'was changed while it was read. Versions must never change: see who writes to them';
  if (!fault) return;
  body.destroy(); // otherwise its connection would stay in use
  throw new ModelStoreError(`${source.name} ${fault}.`);
}

/** Writes chunks from the part's start, never beyond its end, and returns their SHA-256. */
async function writePart({ file, request }: Transfer, { start, end }: Part, chunks: AsyncIterable<Buffer>) {
  const hash = createHash('sha256');
  let at = start;
  for await (const block of gatherBlocks(updateHash(hash, chunks), end + 1 - start)) {
    await onDisk(request.directory, () => writeAt(file, block, at));
    at += countBytes(block);
  }
  if (at <= end) throw new TransferError(`the answer ended ${end + 1 - at} bytes early`);
  return hash.digest('hex');
}

/** Hashes each chunk as it arrives, so that little is left to do after the last one. */
async function* updateHash(hash: Hash, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

const blockBytes = 1 << 20;

/**
 * Gathers chunks into blocks of about a megabyte: a socket's chunks are small, and one write for each costs more than
 * the bytes.
 */
async function* gatherBlocks(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer[]> {
  let block: Buffer[] = [];
  let seen = 0;
  let waiting = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > limit) throw new TransferError('more bytes arrived than were asked for');
    block.push(chunk);
    waiting += chunk.length;
    if (waiting < blockBytes) continue;
    yield block;
    block = [];
    waiting = 0;
  }
  if (block.length > 0) yield block;
}

/** How many bytes the chunks have together. */
const countBytes = (chunks: readonly Buffer[]): number => chunks.reduce((bytes, { length }) => bytes + length, 0);

/** Writes all chunks, one after the other: writev(2) may write less than it is given. */
async function writeAt(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, position);
  if (bytesWritten === countBytes(chunks)) return;
  if (bytesWritten === 0) throw new Error('the disk takes no more bytes');
  await writeAt(file, [Buffer.concat(chunks).subarray(bytesWritten)], position + bytesWritten);
}

/** Runs a step that touches the disk, and names the path if it fails. */
async function onDisk<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new ModelStoreError(`${path} cannot be written: ${messageOf(cause)}. Name a writable folder with room.`, {
      cause,
    });
  }
}

const temporarySuffix = '.part';
/** A download that has not written for so many milliseconds has been killed: even its last retry would have ended by now. */
const abandonedMs = 120_000;

/**
 * Makes a file of the given length under a temporary name, fills it, and gives it its final name. Removes it on any
 * failure.
 *
 * @returns what `fill` returned.
 */
async function fillThenRename<T>(
  { path, bytes }: { readonly path: string; readonly bytes: number },
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${randomUUID()}${temporarySuffix}`;
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

/** Removes the temporary files of killed processes. They would fill the small disk of a function. */
async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder);
  const ours = names.filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith(temporarySuffix));
  for (const left of ours.map((name) => join(folder, name))) {
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedMs) await rm(left, { force: true });
  }
}
