import { checkKey, type S3Address } from './address.ts';
import { type RetryPolicy, retry, type StallTimeout, withStallTimeout } from './retry.ts';
import type { ObjectAddress, S3Door, S3Environment } from './s3-client.ts';
import { createDirectGet, findDirectAccess } from './s3-direct.ts';
import { classifyS3Failure, explainS3Failure, type S3Subject } from './s3-failure.ts';
import type { Cancellable } from './types.ts';

/** What all requests of one store share. */
export interface S3Place extends S3Address {
  readonly location: string;
  readonly endpoint: string | undefined;
  readonly retryPolicy: RetryPolicy;
  /** The client, made at the first call. A failure is forgotten, so that the next call tries again. */
  connect(): Promise<S3Door>;
}

export function createPlace(
  { bucket, prefix }: S3Address,
  environment: S3Environment,
  retryPolicy: RetryPolicy,
): S3Place {
  const location = ['s3:/', bucket, ...(prefix ? [prefix] : [])].join('/');
  const connect = rememberSuccess(() => openDoor(environment));
  return { bucket, prefix, location, endpoint: environment.endpoint, retryPolicy, connect };
}

/** The SDK is loaded only by who needs it: to write, to list, or to find credentials. */
async function openDoor(environment: S3Environment): Promise<S3Door> {
  const openSdk = rememberSuccess(async () => (await import('./s3-client.ts')).openS3Door(environment));
  const access = findDirectAccess(environment);
  if (!access) return openSdk();
  return {
    get: createDirectGet(access),
    put: async (...request) => (await openSdk()).put(...request),
    list: async (...request) => (await openSdk()).list(...request),
  };
}

function rememberSuccess<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** The key of an object as S3 knows it. */
export function objectAt({ bucket, prefix, location }: S3Place, key: string): ObjectAddress {
  checkKey(key, location);
  return { Bucket: bucket, Key: prefix ? `${prefix}/${key}` : key };
}

/** What an error is about. */
export const subjectAt = ({ bucket, location, endpoint }: S3Place, key: string, permission: string): S3Subject => ({
  bucket,
  name: `${location}/${key}`,
  permission,
  endpoint,
});

/** Connects, and turns whatever goes wrong into a `ModelStoreError` about the subject, or the signal's reason. */
export async function ask<T>(
  place: S3Place,
  { signal, ...subject }: S3Subject & Cancellable,
  send: (door: S3Door) => Promise<T>,
): Promise<T> {
  try {
    return await send(await place.connect());
  } catch (error) {
    signal?.throwIfAborted();
    throw explainS3Failure(error, subject);
  }
}

/** `ask` for one small request, tried again after faults that pass. */
export const askPatiently = <T>(
  place: S3Place,
  about: S3Subject & Cancellable,
  send: (door: S3Door, timeout: StallTimeout) => Promise<T>,
): Promise<T> => {
  const { retryPolicy } = place;
  const { signal } = about;
  const watched = (door: S3Door) =>
    withStallTimeout({ stallMs: retryPolicy.stallMs, signal }, (timeout) => send(door, timeout));
  return ask(place, about, (door) =>
    retry(() => watched(door), { policy: retryPolicy, signal, classify: classifyS3Failure }),
  );
};
