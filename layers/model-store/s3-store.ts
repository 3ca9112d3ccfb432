import type { S3Address } from './address.ts';
import { createLimit, type Limit } from './concurrency.ts';
import type { RangeSource } from './download.ts';
import { downloadFile } from './download.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry.ts';
import type { S3Environment } from './s3-client.ts';
import { classifyS3Failure } from './s3-failure.ts';
import { ask, createPlace, objectAt, type S3Place, subjectAt } from './s3-request.ts';
import { listS3Keys, readS3Text, readS3TextIfChanged, writeS3Text } from './s3-text.ts';
import type { FetchedFile, FileRequest, ModelStore } from './types.ts';

/** Settings of the S3 store that tests and unusual networks change. */
export interface S3StoreOptions extends S3Environment {
  readonly retryPolicy?: Partial<RetryPolicy>;
  /** Ranges that are open at once. One connection to S3 brings 50 to 90 MB/s; few of them fill a function's network. */
  readonly connections?: number;
}

async function fetchFile(place: S3Place, request: FileRequest, limit: Limit): Promise<FetchedFile> {
  const subject = subjectAt(place, request.key, 's3:GetObject');
  return ask(place, { ...subject, signal: request.signal }, async (door) => {
    const source: RangeSource = {
      name: subject.name,
      retryPolicy: place.retryPolicy,
      classify: classifyS3Failure,
      open: ({ start, end }, { ifMatch, signal }) =>
        door.get(objectAt(place, request.key), { Range: `bytes=${start}-${end}`, IfMatch: ifMatch }, signal),
    };
    return downloadFile(source, request, limit);
  });
}

/**
 * The store under an S3 prefix. Nothing is loaded or asked before the first call. Every request is tried again after
 * faults that pass; a file's ranges come in parallel, and only those that failed are asked for again.
 */
export function createS3Store(address: S3Address, options: S3StoreOptions = {}): ModelStore {
  const place = createPlace(address, options, { ...defaultRetryPolicy, ...options.retryPolicy });
  const limit = createLimit(options.connections ?? 8);
  return {
    location: place.location,
    readText: (key, { signal } = {}) => readS3Text(place, key, { signal }),
    readTextIfChanged: (key, etag, { signal } = {}) => readS3TextIfChanged(place, key, { etag, signal }),
    fetchFile: (request) => fetchFile(place, request, limit),
    writeText: (key, text, condition) => writeS3Text(place, { key, text, condition }),
    listKeys: (folder) => listS3Keys(place, folder),
  };
}
