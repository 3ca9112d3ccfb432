import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** A new bucket in the tests' S3 server, and a way into it that is not the code under test. */
export interface Bucket {
  readonly name: string;
  readonly endpoint: string;
  put(key: string, bytes: Buffer | string): Promise<void>;
  remove(key: string): Promise<void>;
}

/** The S3 server that jest's set-up has started. */
export function findEndpoint(): string {
  const endpoint = process.env.TEST_S3_ENDPOINT;
  if (endpoint) return endpoint;
  throw new Error('These tests need an S3 server: `npm test` installs and starts one, or set TEST_S3_ENDPOINT.');
}

/** Makes a bucket of a name that no other test has. */
export async function makeBucket(): Promise<Bucket> {
  const endpoint = findEndpoint();
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
  const Bucket = `test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return {
    name: Bucket,
    endpoint,
    put: async (Key, Body) => void (await client.send(new PutObjectCommand({ Bucket, Key, Body }))),
    remove: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket, Key }))),
  };
}
