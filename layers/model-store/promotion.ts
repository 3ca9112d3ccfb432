import { ModelStoreError } from './errors.ts';
import { type Manifest, type Pointer, parsePointer } from './manifest.ts';
import { keyInVersion, pointerKey, readManifest } from './published.ts';
import type { ModelStore, StoredText } from './types.ts';

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
 * written and the error's `conflict` is true. A version that is current already is left as it is. Promoting an older
 * version is the rollback.
 *
 * It checks that the version is complete, not what is in its files: pull and try it first.
 */
export async function promoteVersion(store: ModelStore, version: string, now = () => new Date()): Promise<Promotion> {
  const manifest = await readManifest(store, version);
  await checkComplete(store, manifest);
  const old = await readOldPointer(store);
  const current = old && parseOldPointer(store, old);
  if (old && current?.version === version) return { pointer: current, etag: old.etag, previous: version };
  const pointer: Pointer = { schema: 1, version, promotedAt: toSeconds(now()), manifest };
  const condition = old ? { ifMatch: old.etag } : { ifAbsent: true as const };
  const etag = await store.writeText(pointerKey, `${JSON.stringify(pointer, null, 2)}\n`, condition);
  return { pointer, etag, previous: current?.version };
}

const toSeconds = (time: Date) => time.toISOString().replace(/\.\d+Z$/, 'Z');

async function checkComplete(store: ModelStore, { version, files }: Manifest): Promise<void> {
  const present = new Set(await store.listKeys(keyInVersion(version, '').slice(0, -1)));
  const absent = files.map(({ path }) => path).filter((path) => !present.has(keyInVersion(version, path)));
  if (absent.length === 0) return;
  const where = `${store.location}/versions/${version}`;
  throw new ModelStoreError(`${where} is incomplete: ${absent.join(', ')} missing. Publish the version again.`);
}

async function readOldPointer(store: ModelStore): Promise<StoredText | undefined> {
  try {
    return await store.readText(pointerKey);
  } catch (error) {
    if (error instanceof ModelStoreError && error.missing) return undefined;
    throw error;
  }
}

/** A damaged pointer, or one of another schema, does not stand in the way of its own replacement. */
function parseOldPointer({ location }: ModelStore, { text }: StoredText): Pointer | undefined {
  try {
    return parsePointer(text, { location, key: pointerKey });
  } catch {
    return undefined;
  }
}
