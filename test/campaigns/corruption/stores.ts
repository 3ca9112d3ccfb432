// The two kinds of stores that damaged files are read from.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { openModelStore } from '../../../layers/model-store/index.ts';
import type { OpenedStore } from './damage-campaign.ts';

/** Opens a store in a folder. */
export function openFolder(folder: string): OpenedStore {
  const put = async (key: string, bytes: Buffer) => {
    const path = join(folder, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  return { store: openModelStore(pathToFileURL(folder).href), put };
}

/** Opens a store in a new bucket of an S3 server. */
export async function openBucket(endpoint: string): Promise<OpenedStore & { readonly bucket: string }> {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' });
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
  const Bucket = `damaged-${process.pid}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const put = async (key: string, Body: Buffer) =>
    void (await client.send(new PutObjectCommand({ Bucket, Key: `models/${key}`, Body })));
  return {
    store: openModelStore(`s3://${Bucket}/models`, { endpoint, retryPolicy: { firstDelayMs: 1 } }),
    put,
    bucket: Bucket,
  };
}
