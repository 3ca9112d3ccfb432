// The few things that bulk needs of S3.
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** Text that goes with an object, in ASCII. */
export type Metadata = Readonly<Record<string, string>>;

/** What S3 says of an object. */
export interface ObjectHead {
  /** Without quotes, as EventBridge writes it. */
  readonly etag: string;
  readonly bytes: number;
  readonly metadata: Metadata;
}

/** An object that has been read. */
export interface StoredObject extends ObjectHead {
  readonly content: Buffer;
}

/** What must hold for an object to be written. */
export interface Condition {
  readonly ifAbsent?: boolean;
  readonly ifMatch?: string;
  readonly metadata?: Metadata;
}

/** The objects of one bucket. Errors of S3 other than those named pass through. */
export interface Objects {
  readonly bucket: string;
  /** Returns undefined if there is no such object. */
  head(key: string): Promise<ObjectHead | undefined>;
  /** Returns undefined if there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Reads an object piece by piece, and only if it still has this tag. */
  read(key: string, etag: string): AsyncGenerator<Uint8Array>;
  /** Returns false, and writes nothing, if the condition does not hold. */
  put(key: string, content: string | Uint8Array, condition?: Condition): Promise<boolean>;
  /** Creates an object from pieces of any size, in constant memory. Returns false if it exists already. */
  create(key: string, pieces: AsyncIterable<Uint8Array>, metadata: Metadata): Promise<boolean>;
  /** Keys that begin with this text, in alphabetical order. */
  list(start: string): AsyncGenerator<string>;
}

const hasName = (error: unknown, ...names: readonly string[]) => error instanceof Error && names.includes(error.name);

/** Whether S3 says that there is no such object. */
export const isMissing = (error: unknown): boolean => hasName(error, 'NoSuchKey', 'NotFound');

/** Whether S3 refused a request because its condition does not hold. */
export const isConflict = (error: unknown): boolean =>
  hasName(error, 'PreconditionFailed', 'ConditionalRequestConflict');

const otherwise =
  <T>(isExpected: (error: unknown) => boolean, value: T) =>
  (error: unknown): T => {
    if (isExpected(error)) return value;
    throw error;
  };

/** Bytes of one part of an upload. */
const partBytes = 16 * 1024 * 1024;

/** Creates the access to a bucket. */
export function createObjects(client: S3Client, bucket: string): Objects {
  const address = (Key: string) => ({ Bucket: bucket, Key });
  const describe = ({ ETag = '', ContentLength = 0, Metadata = {} }: HeadObjectCommandOutput): ObjectHead => ({
    etag: ETag.replaceAll('"', ''),
    bytes: ContentLength,
    metadata: Metadata,
  });
  return {
    bucket,
    head: (key) => client.send(new HeadObjectCommand(address(key))).then(describe, otherwise(isMissing, undefined)),
    get: async (key) => {
      const found = await client.send(new GetObjectCommand(address(key))).catch(otherwise(isMissing, undefined));
      if (!found) return undefined;
      return { ...describe(found), content: Buffer.from((await found.Body?.transformToByteArray()) ?? []) };
    },
    async *read(key, etag) {
      const { Body } = await client.send(new GetObjectCommand({ ...address(key), IfMatch: `"${etag}"` }));
      if (Body instanceof Readable) yield* Body;
    },
    put: (key, Body, { ifAbsent, ifMatch, metadata: Metadata = {} } = {}) => {
      const condition = { ...(ifAbsent && { IfNoneMatch: '*' }), ...(ifMatch && { IfMatch: `"${ifMatch}"` }) };
      const command = new PutObjectCommand({ ...address(key), Body, Metadata, ...condition });
      return client.send(command).then(() => true, otherwise(isConflict, false));
    },
    create: (key, pieces, Metadata) => {
      const params = {
        ...address(key),
        Body: Readable.from(pieces, { objectMode: false }),
        Metadata,
        IfNoneMatch: '*',
      };
      const upload = new Upload({ client, params, partSize: partBytes, queueSize: 2 });
      return upload.done().then(() => true, otherwise(isConflict, false));
    },
    async *list(Prefix) {
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }));
        for (const { Key = '' } of page.Contents ?? []) yield Key;
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
    },
  };
}
