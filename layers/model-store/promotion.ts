import type { Pointer } from './documents.ts';
import { ModelStoreError } from './errors.ts';
import { checkComplete, readManifest } from './manifest.ts';
import { advancePointer, type PointerState, pointerKey, replacePointer } from './pointer.ts';
import type { ModelStore } from './types.ts';

/** What a promotion did. */
export interface Promotion {
  readonly pointer: Pointer;
  /** The tag of `current.json` as it is now. */
  readonly etag: string;
  /** The version that was current before; undefined if there was none, or if the pointer was unreadable. */
  readonly previous: string | undefined;
}

/**
 * Makes a published version current by compare-and-swap. If another publisher moves the pointer meanwhile, nothing is
 * written and the error's `conflict` is true. A version that is current already stays as it is, and so does a hold.
 * Promoting an older version goes back to it.
 *
 * It checks that the version is complete, not what is in its files: pull it and try it first.
 */
export async function promoteVersion(store: ModelStore, version: string, now = () => new Date()): Promise<Promotion> {
  const manifest = await readManifest(store, version);
  await checkComplete(store, manifest);
  const old = await readOldPointer(store);
  const { pointer: current, etag: oldTag } = old;
  if (oldTag !== undefined && current?.version === version)
    return { pointer: current, etag: oldTag, previous: version };
  const pointer = advancePointer(current, manifest, now());
  return { pointer, etag: await replacePointer(store, old, pointer), previous: current?.version };
}

/** Reads the pointer to replace. A pointer that is damaged or of another schema may be replaced as well. */
async function readOldPointer(store: ModelStore): Promise<PointerState> {
  try {
    const { text, etag } = await store.readText(pointerKey);
    return { pointer: await parseOldPointer(store, text), etag };
  } catch (error) {
    if (error instanceof ModelStoreError && error.missing) return { pointer: undefined, etag: undefined };
    throw error;
  }
}

async function parseOldPointer({ location }: ModelStore, text: string): Promise<Pointer | undefined> {
  const { parsePointer } = await import('./documents.ts');
  try {
    return parsePointer(text, { location, key: pointerKey });
  } catch {
    return undefined;
  }
}
