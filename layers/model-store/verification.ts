import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { listParts, type Part } from './manifest.ts';
import type { Cancellable, StoredFile } from './types.ts';

/** What a file on disk is compared with. */
export interface Expectation extends Cancellable {
  readonly entry: StoredFile;
  readonly partBytes: number;
}

/**
 * Compares a file on disk with its manifest entry: length and SHA-256 of the whole. Returns what is wrong and in which
 * part, or undefined. Throws the system's error if the file cannot be opened.
 */
export async function findFault(path: string, expected: Expectation): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return size === expected.entry.bytes ? await findWrongHash(file, expected) : describeWrongLength(expected, size);
  } finally {
    await file.close();
  }
}

/** The parts are hashed only when the whole is wrong, to say where: hashing is most of a start from a folder. */
async function findWrongHash(file: FileHandle, expected: Expectation): Promise<string | undefined> {
  const { entry, partBytes } = expected;
  const whole = await hashWhole(file, expected);
  if (whole === entry.sha256) return undefined;
  for (const part of listParts(entry, partBytes)) {
    const hash = createHash('sha256');
    await hashRange(file, part, hash);
    const actual = hash.digest('hex');
    if (actual !== part.sha256) return describeWrongPart(entry, part, actual);
  }
  return describeWrongWhole(entry, whole);
}

async function hashWhole(file: FileHandle, { entry, signal }: Expectation): Promise<string> {
  const hash = createHash('sha256');
  await hashRange(file, { start: 0, end: entry.bytes - 1 }, hash, signal);
  return hash.digest('hex');
}

const blockBytes = 1 << 20;

/**
 * Feeds bytes `start` to `end` of an open file, both included, to a hash. Node reads the next block on another thread
 * while this one is hashed, which saves a third of the time.
 */
async function hashRange(
  file: FileHandle,
  { start, end }: Pick<Part, 'start' | 'end'>,
  hash: Hash,
  signal?: AbortSignal,
): Promise<void> {
  const length = Math.min(blockBytes, end - start + 1);
  let [block, spare] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
  const read = (into: Buffer, at: number) => file.read(into, 0, Math.min(length, end - at + 1), at);
  let reading = read(block, start);
  for (let at = start; at <= end; ) {
    const { bytesRead } = await reading;
    signal?.throwIfAborted();
    if (bytesRead === 0) throw new Error(`the file ends at byte ${at}, before byte ${end}`);
    at += bytesRead;
    if (at <= end) reading = read(spare, at);
    hash.update(block.subarray(0, bytesRead));
    [block, spare] = [spare, block];
  }
}

/** SHA-256 of a whole file whose parts arrive in any order. */
export interface IncrementalHash {
  /** Says that a part is on disk. */
  add(part: Part): void;
  /** Returns the hash once every part has been added. */
  digest(): Promise<string>;
}

/**
 * Hashes each part as soon as it and all parts before it are on disk. The bytes are read back from there. So little is
 * left to do when the last part arrives.
 */
export function createIncrementalHash(file: FileHandle, parts: readonly Part[]): IncrementalHash {
  const hash = createHash('sha256');
  const arrived = new Set<number>();
  let next = 0;
  let running: Promise<void> = Promise.resolve();
  const advance = async () => {
    for (let part = parts[next]; part && arrived.has(next); part = parts[++next]) await hashRange(file, part, hash);
  };
  return {
    add: ({ index }) => {
      arrived.add(index);
      running = running.then(advance);
      running.catch(() => undefined); // digest reports it
    },
    digest: () => running.then(() => hash.digest('hex')),
  };
}

/** The error message for a file that is longer or shorter than the published one. */
export const describeWrongLength = ({ entry }: Pick<Expectation, 'entry'>, actual: number): string =>
  `has ${actual} bytes, but its manifest says ${entry.bytes}`;

/** The error message for a part whose bytes are not the published ones. */
export const describeWrongPart = ({ parts }: StoredFile, { index, sha256 }: Part, actual: string): string =>
  `has the wrong SHA-256 in part ${index + 1} of ${parts.length}: ${actual}, but its manifest says ${sha256}`;

/** The error message for a file whose bytes, taken together, are not the published ones. */
export const describeWrongWhole = ({ sha256 }: StoredFile, actual: string): string =>
  `has the wrong SHA-256: ${actual}, but its manifest says ${sha256}`;
