import { createReadStream } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Parcel } from './parcels.ts';

/** Where parcels go, and who hears of it. */
export interface Delivery {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
  /** Called with the bytes of a parcel that have arrived so far. */
  readonly onProgress: (parcel: Parcel, bytes: number) => void;
  readonly signal?: AbortSignal;
}

const isThere = (error: unknown) =>
  error instanceof Error && (error.name === 'PreconditionFailed' || error.name === 'ConditionalRequestConflict');

/** Uploads one file, in parts if it is large. False if it must be new and there is one already. */
export async function deliver(
  parcel: Parcel,
  { client, bucket, prefix, onProgress, signal }: Delivery,
): Promise<boolean> {
  const upload = new Upload({
    client,
    params: {
      Bucket: bucket,
      Key: `${prefix}/${parcel.key}`,
      Body: createReadStream(parcel.path),
      ...(parcel.once ? { IfNoneMatch: '*' } : {}),
    },
    partSize: 16 * 1024 * 1024,
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => onProgress(parcel, loaded));
  const abort = () => void upload.abort();
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    await upload.done();
    return true;
  } catch (error) {
    if (parcel.once && isThere(error)) return false;
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
