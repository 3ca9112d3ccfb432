import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { GetObject, ObjectAddress, ObjectRead, S3Environment } from './s3-get.ts';

/** The few operations that the store needs of S3, without any retry. Their errors are named after S3's codes. */
export interface S3Operations {
  readonly get: GetObject;
  /** Returns the new object's tag. */
  put(address: ObjectAddress, write: ObjectWrite, signal: AbortSignal): Promise<string>;
  list(query: KeyQuery, signal: AbortSignal): Promise<KeyPage>;
}

/** A text to write, and the condition of writing it. */
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

/** One page of a listing; `next` asks for the page after it. */
export interface KeyPage {
  readonly keys: readonly string[];
  readonly next: string | undefined;
}

/**
 * Loads credentials and creates a client of the AWS SDK. The client never retries: the store does, for each range, and
 * two loops would multiply. A server other than AWS's gets path-style addresses, and a region if there is none, since
 * it needs neither.
 */
export async function createSdkOperations({ endpoint, region }: S3Environment): Promise<S3Operations> {
  const otherServer = endpoint ? { endpoint, forcePathStyle: true } : {};
  const knownRegion = region ?? (endpoint ? 'us-east-1' : undefined);
  const client = new S3Client({
    ...otherServer,
    ...(knownRegion ? { region: knownRegion } : {}),
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // Before any request, so that a failed search for credentials is not taken for a silent server.
  await Promise.all([client.config.credentials(), client.config.region()]);
  return { get: createGet(client), put: createPut(client), list: createList(client) };
}

const createGet =
  (client: S3Client): S3Operations['get'] =>
  async (address, read, abortSignal) => {
    // A range has no checksum of its own; its SHA-256 is in the manifest. A small text has only S3's checksum.
    const checksum = read.Range === undefined ? { ChecksumMode: 'ENABLED' as const } : {};
    const command = new GetObjectCommand({ ...address, ...read, ...checksum });
    const { ETag = '', Body, ContentRange, ContentLength } = await client.send(command, { abortSignal });
    return { etag: ETag, body: asStream(Body), objectBytes: readObjectBytes(ContentRange, ContentLength) };
  };

function asStream(body: unknown): Readable {
  if (body instanceof Readable) return body;
  throw new TypeError('S3 answered without a body');
}

/** Bytes of the whole object: after the slash of `bytes 0-9/100`, or the body's own length if no range was given. */
const readObjectBytes = (range: string | undefined, length: number | undefined): number =>
  Number(range?.split('/')[1] ?? length);

const createPut =
  (client: S3Client): S3Operations['put'] =>
  async (address, { text, ...condition }, abortSignal) => {
    const content = { Body: text, ContentType: 'application/json' };
    const { ETag = '' } = await client.send(new PutObjectCommand({ ...address, ...condition, ...content }), {
      abortSignal,
    });
    return ETag;
  };

const createList =
  (client: S3Client): S3Operations['list'] =>
  async (query, abortSignal) => {
    const page = await client.send(new ListObjectsV2Command(query), { abortSignal });
    return { keys: (page.Contents ?? []).flatMap(({ Key }) => Key ?? []), next: page.NextContinuationToken };
  };
