import type { Manifest } from './documents.ts';
import { explainMissing, ModelStoreError } from './errors.ts';
import type { Cancellable, ModelStore, ReadableStore, StoredFile } from './types.ts';
import { isVersionName, keyInVersion, listVersionFiles } from './version.ts';

/** One part of a file: bytes `start` to `end`, both included, and their SHA-256. */
export interface Part {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
}

/** Lists the consecutive parts of a file, as its manifest entry describes them. */
export const listParts = ({ bytes, parts }: StoredFile, partBytes: number): Part[] =>
  parts.map((sha256, index) => ({
    index,
    start: index * partBytes,
    end: Math.min((index + 1) * partBytes, bytes) - 1,
    sha256,
  }));

/** A longer text is no manifest and is not read into memory: 4 MiB hold the part hashes of half a terabyte. */
export const longestTextBytes = 4 << 20;

/** The end of the error message for a text that is too long to be a manifest. */
export const describeLongText = (bytes: number): string =>
  `has ${bytes} bytes, too many for a manifest or pointer (at most ${longestTextBytes}).`;

/** Reads a version's manifest. Throws `ModelStoreError` if there is none, or if it is another version's. */
export async function readManifest(
  store: ReadableStore,
  version: string,
  options: Cancellable = {},
): Promise<Manifest> {
  checkVersionName(version);
  const key = keyInVersion(version, 'manifest.json');
  const reading = store.readText(key, options).catch((error: unknown) => {
    throw explainMissing(error, 'the version was never published, or only in part (the manifest is written last)');
  });
  const [{ text }, { parseManifest }] = await Promise.all([reading, import('./documents.ts')]);
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
export async function checkComplete(store: ModelStore, manifest: Manifest): Promise<void> {
  const { version } = manifest;
  const present = new Set(await store.listKeys(keyInVersion(version, '').slice(0, -1)));
  const absent = listVersionFiles(manifest)
    .map(({ path }) => path)
    .filter((path) => !present.has(keyInVersion(version, path)));
  if (absent.length === 0) return;
  const where = `${store.location}/versions/${version}`;
  throw new ModelStoreError(`${where} is incomplete: ${absent.join(', ')} missing. Publish the version again.`, {
    damaged: true,
  });
}
