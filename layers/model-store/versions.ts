import { explainMissing, ModelStoreError } from './errors.ts';
import { isVersionName, type Manifest, parseManifest } from './manifest.ts';
import type { Cancellable, ModelStore, ReadableStore } from './types.ts';

/** The key of a version's file. */
export const keyInVersion = (version: string, path: string): string => `versions/${version}/${path}`;

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

/** Lists the names of all published versions (those with a manifest), oldest first. */
export async function listVersions(store: Pick<ModelStore, 'listKeys'>): Promise<string[]> {
  const keys = await store.listKeys('versions');
  return keys.flatMap((key) => /^versions\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []).filter(isVersionName);
}

/**
 * Checks that all files of a version are there, by name.
 *
 * @throws ModelStoreError with `damaged` that names the missing files.
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
