import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Part } from './manifest.ts';
import { hashRange } from './verification.ts';

/** SHA-256 of a whole file whose parts arrive in any order. */
export interface PrefixHash {
  /** Tells that a part is on disk. */
  add(part: Part): void;
  /** The hash, once every part has been added. */
  digest(): Promise<string>;
}

/**
 * Hashes each part as soon as it and all before it are on disk, reading it back from there, so that little is left to
 * do when the last part arrives.
 */
export function createPrefixHash(file: FileHandle, parts: readonly Part[]): PrefixHash {
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
