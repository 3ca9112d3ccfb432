// A bucket with a model, and files to put into it.
import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parse } from 'csv-parse/sync';
import { createObjects, type Metadata } from '../../../functions/bulk/objects.ts';
import { createPointer, createTinyVersion, firstVersion, threeClasses } from '../predict/tiny-store.ts';

export const prefix = 'dev';

/** Creates a bucket on an S3 server with the tiny model as its current version. */
export async function makeBulkBucket(endpoint: string) {
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
  const bucket = `bulk-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const objects = createObjects(client, bucket);
  const files = await createTinyVersion(firstVersion, threeClasses);
  const store = { ...files, 'current.json': createPointer(files, firstVersion) };
  for (const [key, content] of Object.entries(store)) await objects.put(`${prefix}/${key}`, content);

  /** Puts a file for scoring and returns what the event about it says. */
  async function put(file: string, content: string | Uint8Array, metadata: Metadata = {}) {
    const key = `${prefix}/bulk/in/${file}`;
    const Body = typeof content === 'string' ? Buffer.from(content) : content;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, Metadata: { ...metadata } }));
    return { key, etag: (await objects.head(key))?.etag ?? '' };
  }

  async function read(key: string): Promise<Buffer> {
    const found = await objects.get(`${prefix}/bulk/${key}`);
    if (!found) throw new Error(`There is no ${key}.`);
    return found.content;
  }

  const readJson = async (key: string) => JSON.parse(String(await read(key)));

  /** Reads the rows of a result, the first of which names the columns. */
  const readResult = async (name: string): Promise<Record<string, string>[]> =>
    parse(gunzipSync(await read(`out/${name}.csv.gz`)), { columns: true });

  return { client, bucket, endpoint, objects, put, read, readJson, readResult };
}

/** A bucket for bulk files. */
export type BulkBucket = Awaited<ReturnType<typeof makeBulkBucket>>;

/** The address of an execution of this name. */
export const executionOf = (run: string) => `arn:aws:states:us-east-1:123456789012:execution:bulk:${run}`;
