import { isVersionName } from '../../layers/model-store/index.ts';

/** What promote reads of EventBridge's "Object Created" from S3. Keys stand in it as they are, not URL-encoded. */
export interface ObjectCreated {
  readonly detail: {
    readonly bucket: { readonly name: string };
    readonly object: { readonly key: string };
  };
}

/** The event is about nothing that this function looks after: its rule and its environment do not fit together. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/**
 * The version whose manifest has appeared.
 *
 * @param location - the store's address, `s3://bucket/prefix`.
 * @throws EventError for any other object.
 */
export function readVersion({ detail }: ObjectCreated, location: string): string {
  const { bucket, object } = detail;
  const address = `s3://${bucket.name}/${object.key}`;
  const [, version = ''] = /^\/versions\/([^/]+)\/manifest\.json$/.exec(address.slice(location.length)) ?? [];
  if (address.startsWith(location) && isVersionName(version)) return version;
  throw new EventError(
    `${address} is no manifest of a version in ${location}: the rule and MODEL_URI must name one place.`,
  );
}
