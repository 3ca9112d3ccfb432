// A real S3 server with one bucket, and the sample model to put into it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startMoto } from '../s3/moto.mjs';

const bucket = 'models';
const prefix = 'sentiment';
/** `SAMPLE_MODEL` may name another store's folder, as in the tests of the inference layer. */
const sample = process.env.SAMPLE_MODEL ?? join(import.meta.dirname, '..', '..', 'models', 'sample');

// The image's Node is another one: the SDK's words about the age of this one would only be noise between the checks.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** The sample model's keys; the pointer last, because it makes the rest visible. */
function listKeys() {
  const pointer = 'current.json';
  if (!existsSync(join(sample, pointer)))
    throw new Error(`${join(sample, pointer)} is missing: there is no model to serve.`);
  const versions = readdirSync(join(sample, 'versions'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(sample.length + 1));
  return [...versions, pointer];
}

/** The sample model's version. */
export const readSampleVersion = () => JSON.parse(readFileSync(join(sample, 'current.json'), 'utf8')).version;

/** Starts moto with an empty bucket: `variables` for who reads it, `upload()` for the sample model, `stop()`. */
export async function startModelBucket() {
  const { endpoint, stop } = await startMoto();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ endpoint, region: 'eu-west-1', credentials, forcePathStyle: true });
  await client.send(
    new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );
  const upload = async () => {
    for (const key of listKeys()) {
      const Body = readFileSync(join(sample, key));
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${key}`, Body }));
    }
  };
  return { variables: { AWS_ENDPOINT_URL: endpoint, MODEL_URI: `s3://${bucket}/${prefix}` }, upload, stop };
}
