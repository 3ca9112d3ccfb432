import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** Which object. */
export interface ObjectAddress {
  readonly Bucket: string;
  readonly Key: string;
}

/** What the store reads of an object. */
export interface ObjectRead {
  readonly Range?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** An answer whose body has yet to be read. */
export interface OpenedObject {
  readonly etag: string;
  readonly body: Readable;
  /** Length of the whole object, of which a range may be all that comes. */
  readonly objectBytes: number;
}

/** One page of a listing; `next` asks for the one after it. */
export interface KeyPage {
  readonly keys: readonly string[];
  readonly next: string | undefined;
}

/** A text to write, and what must hold for it. */
export interface ObjectWrite extends Pick<ObjectRead, 'IfMatch' | 'IfNoneMatch'> {
  readonly text: string;
}

/** Which page of which keys. */
export interface KeyQuery {
  readonly Bucket: string;
  readonly Prefix: string;
  readonly MaxKeys: number;
  readonly ContinuationToken: string | undefined;
}

/** The few requests that the store makes, without any retry; errors are the SDK's. */
export interface S3Door {
  get(address: ObjectAddress, read: ObjectRead, signal: AbortSignal): Promise<OpenedObject>;
  /** Returns the new object's tag. */
  put(address: ObjectAddress, write: ObjectWrite, signal: AbortSignal): Promise<string>;
  list(query: KeyQuery, signal: AbortSignal): Promise<KeyPage>;
}

/** The environment's part in reaching S3; credentials and the shared configuration files are the SDK's to find. */
export interface S3Environment {
  /** URL of a server other than AWS's own. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** Bytes of the whole object: behind the slash of `bytes 0-9/100`, or the body's own length where no range was given. */
const readObjectBytes = (range: string | undefined, length: number | undefined): number =>
  Number(range?.split('/')[1] ?? length);

function asStream(body: unknown): Readable {
  if (body instanceof Readable) return body;
  throw new TypeError('S3 answered without a body');
}

const createGet =
  (client: S3Client): S3Door['get'] =>
  async (address, read, abortSignal) => {
    // A range carries no checksum of its own; its SHA-256 is in the manifest. A small text has S3's checksum only.
    const checksum = read.Range === undefined ? { ChecksumMode: 'ENABLED' as const } : {};
    const command = new GetObjectCommand({ ...address, ...read, ...checksum });
    const { ETag = '', Body, ContentRange, ContentLength } = await client.send(command, { abortSignal });
    return { etag: ETag, body: asStream(Body), objectBytes: readObjectBytes(ContentRange, ContentLength) };
  };

const createPut =
  (client: S3Client): S3Door['put'] =>
  async (address, { text, ...condition }, abortSignal) => {
    const content = { Body: text, ContentType: 'application/json' };
    const { ETag = '' } = await client.send(new PutObjectCommand({ ...address, ...condition, ...content }), {
      abortSignal,
    });
    return ETag;
  };

const createList =
  (client: S3Client): S3Door['list'] =>
  async (query, abortSignal) => {
    const page = await client.send(new ListObjectsV2Command(query), { abortSignal });
    return { keys: (page.Contents ?? []).flatMap(({ Key }) => Key ?? []), next: page.NextContinuationToken };
  };

/**
 * Loads credentials and makes a client. It never retries by itself: the store does, per range, and two loops would
 * multiply. A server other than AWS gets path-style addresses, and a region if there is none, since it needs neither.
 */
export async function openS3Door({ endpoint, region }: S3Environment): Promise<S3Door> {
  const elsewhere = endpoint ? { endpoint, forcePathStyle: true } : {};
  const place = region ?? (endpoint ? 'us-east-1' : undefined);
  const client = new S3Client({
    ...elsewhere,
    ...(place ? { region: place } : {}),
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // Before any request, so that a search for credentials that fails is not taken for a server that is silent.
  await Promise.all([client.config.credentials(), client.config.region()]);
  return { get: createGet(client), put: createPut(client), list: createList(client) };
}
