// Uploads to a stage's bucket: the plan (which files go where) and the upload of one file.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import {
  checkComplete,
  keyInVersion,
  listVersionFiles,
  openModelStore,
  readManifest,
  readPointer,
} from '../layers/model-store/index.ts';
import { inspectFile, openFile, type ReaderOptions } from '../layers/reader/index.ts';
import { UsageError } from './command-line.ts';
import { parseReaderFlags } from './reader-flags.ts';

/** A file of the upload plan. */
export interface PlannedFile {
  readonly path: string;
  /** Key in the bucket, below the stage's prefix. */
  readonly key: string;
  readonly bytes: number;
  /** Never replaces an object: the files of a version do not change. */
  readonly createOnly: boolean;
  /** Kept beside the object, in ASCII. */
  readonly metadata?: Record<string, string>;
}

/** How an upload is planned. */
export interface UploadOptions {
  /** Name in the bucket; without it, the file's or folder's own. */
  readonly name?: string | undefined;
  /** How a file with rows is read. */
  readonly reading?: ReaderOptions;
  /** Called with each sentence about a file with rows. */
  readonly say?: (sentence: string) => void;
}

/**
 * Plans the upload of a path: a file with rows goes to `training/data/`, the folder of a pretrained BERT to `training/base/`, the
 * current version of a model store to `versions/`.
 *
 * @throws UsageError if it is none of these, or if training would refuse the rows; ModelStoreError if a version is damaged.
 */
export async function planUpload(path: string, options: UploadOptions = {}): Promise<PlannedFile[]> {
  const { name = basename(resolve(path)), reading = parseReaderFlags({}), say = () => undefined } = options;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UsageError(`${path} does not exist.`);
  if (found.isDirectory()) return planFolder(resolve(path), name);
  const { notes } = await inspectFile(await openFile(path), reading, true);
  for (const note of notes) say(note);
  return [await describeFile(path, `training/data/${name}`)];
}

async function planFolder(folder: string, name: string): Promise<PlannedFile[]> {
  const names = new Set(await readdir(folder));
  if (names.has('versions')) return planVersion(folder);
  if (names.has('config.json')) return planBaseModel(folder, name);
  throw new UsageError(
    `${folder} is neither a pretrained BERT (it has no config.json) nor a model store (it has no versions/).`,
  );
}

/** Plans the current version of a model store. Its manifest goes last, because it publishes the version. */
async function planVersion(folder: string): Promise<PlannedFile[]> {
  const store = openModelStore(pathToFileURL(folder).href);
  const { pointer } = await readPointer(store);
  const manifest = await readManifest(store, pointer.version);
  await checkComplete(store, manifest);
  const files = listVersionFiles(manifest);
  for (const entry of files) {
    const key = keyInVersion(manifest.version, entry.path);
    await store.fetchFile({ key, entry, partBytes: manifest.partBytes, directory: folder });
  }
  const names = [...files.map(({ path }) => path), 'manifest.json'];
  const keys = names.map((name) => keyInVersion(manifest.version, name));
  return Promise.all(keys.map((key) => describeFile(join(folder, key), key, true)));
}

async function planBaseModel(folder: string, name: string): Promise<PlannedFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name);
  return Promise.all(files.sort().map((file) => describeFile(join(folder, file), `training/base/${name}/${file}`)));
}

/** Describes one file of an upload. */
export const describeFile = async (path: string, key: string, createOnly = false): Promise<PlannedFile> => ({
  path,
  key,
  bytes: (await stat(path)).size,
  createOnly,
});

/** The destination of a file, and the callback for its progress. */
export interface Destination {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
  /** Called with the bytes of the file that are uploaded so far. */
  readonly onProgress: (file: PlannedFile, bytes: number) => void;
  readonly signal?: AbortSignal;
}

const existsAlready = (error: unknown) =>
  error instanceof Error && (error.name === 'PreconditionFailed' || error.name === 'ConditionalRequestConflict');

/** Uploads one file, in parts if it is large. Returns false if it is create-only and exists already. */
export async function uploadFile(
  file: PlannedFile,
  { client, bucket, prefix, onProgress, signal }: Destination,
): Promise<boolean> {
  const upload = new Upload({
    client,
    params: {
      Bucket: bucket,
      Key: `${prefix}/${file.key}`,
      Body: createReadStream(file.path),
      ...(file.metadata ? { Metadata: file.metadata } : {}),
      ...(file.createOnly ? { IfNoneMatch: '*' } : {}),
    },
    partSize: 16 * 1024 * 1024,
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => onProgress(file, loaded));
  const abort = () => void upload.abort();
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    await upload.done();
    return true;
  } catch (error) {
    if (file.createOnly && existsAlready(error)) return false;
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
