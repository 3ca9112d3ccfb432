import { ModelStoreError } from './errors.ts';
import { type Manifest, type Pointer, parsePointer } from './manifest.ts';
import { keyInVersion, pointerKey, readManifest } from './published.ts';
import { type PointerState, replacePointer, succeed } from './succession.ts';
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
 * Makes a published version current, by compare-and-swap: if somebody else moves the pointer meanwhile, nothing is
 * written and the error's `conflict` is true. A version that is current already is left as it is, and so is a hold.
 * Promoting an older version goes back to it.
 *
 * It checks that the version is complete, not what is in its files: pull and try it first.
 */
export async function promoteVersion(store: ModelStore, version: string, now = () => new Date()): Promise<Promotion> {
  const manifest = await readManifest(store, version);
  await checkComplete(store, manifest);
  const old = await readOldPointer(store);
  const { pointer: current, etag: oldTag } = old;
  if (oldTag !== undefined && current?.version === version)
    return { pointer: current, etag: oldTag, previous: version };
  const pointer = succeed(current, manifest, now());
  return { pointer, etag: await replacePointer(store, old, pointer), previous: current?.version };
}

/**
 * Compares a version's files with its manifest by name.
 *
 * @throws ModelStoreError with `damaged` that names those that are missing.
 */
export async function checkComplete(store: ModelStore, { version, files }: Manifest): Promise<void> {
  const present = new Set(await store.listKeys(keyInVersion(version, '').slice(0, -1)));
  const absent = files.map(({ path }) => path).filter((path) => !present.has(keyInVersion(version, path)));
  if (absent.length === 0) return;
  const where = `${store.location}/versions/${version}`;
  throw new ModelStoreError(`${where} is incomplete: ${absent.join(', ')} missing. Publish the version again.`, {
    damaged: true,
  });
}

/** A damaged pointer, or one of another schema, does not stand in the way of its own replacement. */
async function readOldPointer(store: ModelStore): Promise<PointerState> {
  try {
    const { text, etag } = await store.readText(pointerKey);
    return { pointer: parseOldPointer(store, text), etag };
  } catch (error) {
    if (error instanceof ModelStoreError && error.missing) return { pointer: undefined, etag: undefined };
    throw error;
  }
}

function parseOldPointer({ location }: ModelStore, text: string): Pointer | undefined {
  try {
    return parsePointer(text, { location, key: pointerKey });
  } catch {
    return undefined;
  }
}
