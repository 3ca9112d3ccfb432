import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModelStoreError, messageOf } from './errors.ts';

/** A bucket, and a prefix in it without slashes at its ends. The prefix is empty for the whole bucket. */
export interface S3Address {
  readonly bucket: string;
  readonly prefix: string;
}

/** A folder's absolute path. */
export interface FolderAddress {
  readonly folder: string;
}

const forms = 'Use s3://bucket/prefix, file:///folder or file:folder (relative to the working folder).';
const s3Form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s;
/** A prefix that every S3 tool reads alike: no empty or dotted segment, nothing that a URI would treat as syntax. */
const prefixForm = /^(?:(?!\.{1,2}(?:\/|$))[\w!.*'()=+@:, -]+(?:\/(?!$)|$))*$/;

const refuse = (uri: string, reason: string): ModelStoreError =>
  new ModelStoreError(`The model store ${JSON.stringify(uri)} ${reason}. ${forms}`);

/**
 * Reads a store's address. A relative `file:` address is resolved against `workingFolder`.
 *
 * @throws ModelStoreError with one sentence for anything but `s3://bucket[/prefix]` and `file:` with a path.
 */
export function parseAddress(uri: string, workingFolder = process.cwd()): S3Address | FolderAddress {
  if (uri.startsWith('s3:')) return parseS3(uri);
  if (uri.startsWith('file:')) return { folder: parseFolder(uri, workingFolder) };
  throw refuse(uri, uri === '' ? 'is empty' : 'is of no known kind');
}

function parseS3(uri: string): S3Address {
  const [, bucket, rest = ''] = s3Form.exec(uri) ?? [];
  if (bucket === undefined) throw refuse(uri, 'names no valid bucket');
  const prefix = rest.replace(/\/$/, '');
  if (!prefixForm.test(prefix)) throw refuse(uri, 'has a prefix that is not a plain path');
  return { bucket, prefix };
}

function parseFolder(uri: string, workingFolder: string): string {
  if (/^file:\/*$/.test(uri)) throw refuse(uri, 'names no folder');
  try {
    const url = new URL(uri, pathToFileURL(`${workingFolder}/`));
    if (url.search === '' && url.hash === '') return fileURLToPath(url);
  } catch (error) {
    throw refuse(uri, `is not a file URL: ${messageOf(error)}`);
  }
  throw refuse(uri, 'has a ? or # that is not written as %3F or %23');
}

/** One name of a key, between slashes. */
const segment = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Refuses a text that is no key of the store's layout, above all one that leads out of the store (`..`, an absolute
 * path).
 */
export function checkKey(key: string, location: string): void {
  if (key.split('/').every((name) => segment.test(name))) return;
  throw new ModelStoreError(`${JSON.stringify(key)} is not a key of the model store ${location}.`);
}
