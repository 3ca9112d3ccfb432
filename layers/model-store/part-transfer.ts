import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ModelStoreError, TransferError, WrongBytesError } from './errors.ts';
import type { Part } from './manifest.ts';
import { type FailureKind, type RetryPolicy, readChunks, retry, type StallTimeout, withStallTimeout } from './retry.ts';
import { countBytes, onDisk, writeAt } from './temporary-file.ts';
import type { FileRequest } from './types.ts';
import { describeWrongLength, describeWrongPart } from './verification.ts';

/** A server's answer to a request for one range. */
export interface RangeAnswer {
  readonly etag: string;
  /** Length of the whole object. */
  readonly objectBytes: number;
  readonly body: Readable;
}

const blockBytes = 1 << 20;

/** How a range is asked for: `ifMatch` is the tag that the object must still have. */
export interface RangeOptions {
  readonly ifMatch: string | undefined;
  readonly signal: AbortSignal;
}

/** Where the ranges of one object come from. */
export interface RangeSource {
  /** The object's full address, for messages. */
  readonly name: string;
  readonly retryPolicy: RetryPolicy;
  open(part: Part, options: RangeOptions): Promise<RangeAnswer>;
  classify(error: unknown): FailureKind;
}

/** One file on its way to an open temporary file. */
export interface Transfer {
  readonly source: RangeSource;
  readonly request: FileRequest;
  readonly file: FileHandle;
  /** The tag of the first answer, once there is one. All other answers must have the same. */
  etag: string | undefined;
}

/**
 * Brings one part to its place in the file and checks its hash; only this part is asked for again when it fails. The
 * first requests of a file go out together, before any tag is known; theirs are compared when they answer.
 */
export function fetchPart(transfer: Transfer, part: Part, signal: AbortSignal): Promise<void> {
  const { retryPolicy, classify } = transfer.source;
  const attempt = () =>
    withStallTimeout({ stallMs: retryPolicy.stallMs, signal }, (timeout) => receivePart(transfer, part, timeout));
  return retry(attempt, { policy: retryPolicy, classify, signal });
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
  body.destroy(); // or its connection would stay taken
  throw new ModelStoreError(`${source.name} ${fault}.`);
}

/** Writes chunks from the part's start, never beyond its end, and returns their SHA-256. */
async function writePart({ file, request }: Transfer, { start, end }: Part, chunks: AsyncIterable<Buffer>) {
  const hash = createHash('sha256');
  let at = start;
  for await (const block of gatherBlocks(chunks, end + 1 - start)) {
    for (const chunk of block) hash.update(chunk);
    await onDisk(request.directory, () => writeAt(file, block, at));
    at += countBytes(block);
  }
  if (at <= end) throw new TransferError(`the answer ended ${end + 1 - at} bytes early`);
  return hash.digest('hex');
}

/** The chunks in blocks of about a megabyte: a socket's chunks are so small that handing each to the disk costs more than they do. */
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
