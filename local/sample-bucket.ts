// For docker-compose.yml: puts a model store's current version into a bucket of an S3 emulator, makes it current there, and
// ends. In an account this is done by `npm run train:data` and promote, with their checks.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { openModelStore, promoteVersion, readPointer } from '../layers/model-store/index.ts';
import { runCommand, UsageError } from './command-line.ts';
import { planUpload, uploadFile } from './upload.ts';

const usage =
  'Usage: node local/sample-bucket.mjs FOLDER s3://BUCKET/PREFIX, with AWS_ENDPOINT_URL naming the emulator';

async function makeBucket(client: S3Client, Bucket: string): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket })).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'BucketAlreadyOwnedByYou') return;
    throw error;
  });
}

/** Returns the exit code. */
async function fillBucket([folder = '', uri = '']: readonly string[]): Promise<number> {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  const { AWS_ENDPOINT_URL: endpoint = '' } = process.env;
  if (!bucket || !prefix || endpoint === '') throw new UsageError(usage);
  const client = new S3Client({ endpoint, forcePathStyle: true });
  await makeBucket(client, bucket);
  for (const file of await planUpload(folder))
    await uploadFile(file, { client, bucket, prefix, onProgress: () => undefined });
  const { pointer } = await readPointer(openModelStore(`file:${folder}`));
  await promoteVersion(openModelStore(uri), pointer.version);
  process.stdout.write(`${pointer.version} is current in ${uri}.\n`);
  return 0;
}

await runCommand(import.meta.url, fillBucket);
