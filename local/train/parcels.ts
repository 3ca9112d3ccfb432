import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  checkComplete,
  keyInVersion,
  openModelStore,
  readManifest,
  readPointer,
} from '../../layers/model-store/index.ts';
import { UsageError } from '../command-line.ts';
import { checkColumns } from './columns.ts';

/** One file on its way into the bucket. */
export interface Parcel {
  readonly path: string;
  /** Where it goes, below the stage's prefix. */
  readonly key: string;
  readonly bytes: number;
  /** An object that must not exist yet, as those of a version. */
  readonly once: boolean;
}

const describeParcel = async (path: string, key: string, once = false): Promise<Parcel> => ({
  path,
  key,
  bytes: (await stat(path)).size,
  once,
});

/** The files of the version that a folder's pointer names, the manifest last: it makes the version real. */
async function packVersion(folder: string): Promise<Parcel[]> {
  const store = openModelStore(pathToFileURL(folder).href);
  const { pointer } = await readPointer(store);
  const manifest = await readManifest(store, pointer.version);
  await checkComplete(store, manifest);
  for (const entry of manifest.files) {
    const key = keyInVersion(manifest.version, entry.path);
    await store.fetchFile({ key, entry, partBytes: manifest.partBytes, directory: folder });
  }
  const names = [...manifest.files.map(({ path }) => path), 'manifest.json'];
  const keys = names.map((name) => keyInVersion(manifest.version, name));
  return Promise.all(keys.map((key) => describeParcel(join(folder, key), key, true)));
}

async function packBase(folder: string, name: string): Promise<Parcel[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name);
  return Promise.all(files.sort().map((file) => describeParcel(join(folder, file), `training/base/${name}/${file}`)));
}

async function packRows(file: string, name: string): Promise<Parcel[]> {
  await checkColumns(file);
  return [await describeParcel(file, `training/data/${name}`)];
}

async function packFolder(folder: string, name: string): Promise<Parcel[]> {
  const names = new Set(await readdir(folder));
  if (names.has('versions')) return packVersion(folder);
  if (names.has('config.json')) return packBase(folder, name);
  throw new UsageError(
    `${folder} is neither a pretrained BERT (it has no config.json) nor a model store (it has no versions/).`,
  );
}

/**
 * What a path on this machine is, and where its files go: a CSV file to `training/data/`, the folder of a pretrained BERT
 * to `training/base/`, the current version of a model store to `versions/`.
 *
 * @param name - the file's or folder's name in the bucket; without it, its own.
 * @throws UsageError if it is none of these; ModelStoreError if a version is damaged.
 */
export async function pack(path: string, name = basename(resolve(path))): Promise<Parcel[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UsageError(`${path} does not exist.`);
  if (found.isDirectory()) return packFolder(resolve(path), name);
  if (/\.csv(\.gz)?$/.test(path)) return packRows(path, name);
  throw new UsageError(`${path} is no CSV file (.csv or .csv.gz).`);
}
