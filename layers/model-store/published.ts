import { ModelStoreError } from './errors.ts';
import { isVersionName, type Manifest, type Pointer, parseManifest, parsePointer } from './manifest.ts';
import type { Cancellable, ModelStore, ReadableStore } from './types.ts';

/** The pointer's key, in every store. */
export const pointerKey = 'current.json';

/** The key of a version's file. */
export const keyInVersion = (version: string, path: string): string => `versions/${version}/${path}`;

/** A manifest, and the tag of the pointer that it came with, if it did. */
export interface PublishedManifest {
  readonly manifest: Manifest;
  readonly pointerEtag: string | undefined;
}

/** Reads `current.json`, which holds the promoted version's whole manifest: one small read. */
export async function readPointer(
  store: ReadableStore,
  options: Cancellable = {},
): Promise<{ readonly pointer: Pointer; readonly etag: string }> {
  const { text, etag } = await store.readText(pointerKey, options).catch((error: unknown) => {
    throw explainMissing(error, 'no model has been promoted yet. Promote a published version, or name one');
  });
  return { pointer: parsePointer(text, { location: store.location, key: pointerKey }), etag };
}

/** Reads `current.json` unless its tag is still the one given; then undefined. */
export async function readPointerIfChanged(
  store: ReadableStore,
  etag: string,
  options: Cancellable = {},
): Promise<{ readonly pointer: Pointer; readonly etag: string } | undefined> {
  const stored = await store.readTextIfChanged(pointerKey, etag, options);
  if (!stored) return undefined;
  return { pointer: parsePointer(stored.text, { location: store.location, key: pointerKey }), etag: stored.etag };
}

/** Reads a version's manifest. Throws `ModelStoreError` if there is none, or if it is another version's. */
export async function readManifest(
  store: ReadableStore,
  version: string,
  options: Cancellable = {},
): Promise<Manifest> {
  checkVersionName(version);
  const key = keyInVersion(version, 'manifest.json');
  const { text } = await store.readText(key, options).catch((error: unknown) => {
    throw explainMissing(error, 'the version was never published, or only in part (the manifest is written last)');
  });
  const manifest = parseManifest(text, { location: store.location, key });
  if (manifest.version === version) return manifest;
  throw new ModelStoreError(`${store.location}/${key} is the manifest of another version, ${manifest.version}.`);
}

function checkVersionName(version: string): void {
  if (isVersionName(version)) return;
  throw new ModelStoreError(
    `${JSON.stringify(version)} is not a version's name. They look like 20261123T081500Z-3f9a1c2.`,
  );
}

/** Adds to "… does not exist" what that means. */
export function explainMissing(error: unknown, meaning: string): unknown {
  if (!(error instanceof ModelStoreError && error.missing)) return error;
  return new ModelStoreError(`${error.message.replace(/\.$/, '')}: ${meaning}.`, { missing: true, cause: error.cause });
}

/** The names of all published versions (those with a manifest), oldest first. */
export async function listVersions(store: Pick<ModelStore, 'listKeys'>): Promise<string[]> {
  const keys = await store.listKeys('versions');
  return keys.flatMap((key) => /^versions\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []).filter(isVersionName);
}
