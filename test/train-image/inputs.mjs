// What the container trains on: a tiny BERT and 400 reviews, in a folder or in S3.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { execute } from '../image/tools.mjs';
import { binaries } from '../python.mjs';
import { startMoto } from '../s3/moto.mjs';

const maker = join(import.meta.dirname, '..', 'training', 'tiny.py');
const training = join(import.meta.dirname, '..', '..', 'training');
const bucket = 'models';

// The SDK's words about the age of this Node would only be noise between the checks.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** Settings with which the tiny BERT learns in seconds; locations keep their defaults. */
export const tinySettings = {
  MAX_LEN: '48',
  EPOCHS: '2',
  TRAIN_BATCH_SIZE: '16',
  LEARNING_RATE: '0.003',
  ENCODER_DROPOUT: '0',
  THREADS: '1',
};

/** A new folder as the tutorial mounts it (imdb.csv, bert_base_uncased) and how to remove it. */
export function makeInputFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'serverless-bert-'));
  execute(join(binaries, 'python'), [maker, folder], { env: { ...process.env, PYTHONPATH: training } });
  renameSync(join(folder, 'base'), join(folder, 'bert_base_uncased'));
  return { folder, remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

/** Gives a folder and all in it to a user; nobody else may look into it then. */
export function giveTo(owner, folder) {
  execute('chown', ['--recursive', `${owner}:${owner}`, folder]);
  chmodSync(folder, 0o700);
}

/** Files in a folder, by path below it. */
export const listFiles = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();

/**
 * Starts an S3 server whose bucket has the folder's files under `input/`.
 *
 * @returns `variables` with which a container trains in it, `store` (a URI), `environment` for a client, `list()` of
 * keys and `stop()`.
 */
export async function startInputBucket(folder) {
  const { endpoint, stop } = await startMoto();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const path of listFiles(folder)) {
    const Body = readFileSync(join(folder, path));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `input/${path}`, Body }));
  }
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const at = (path) => `s3://${bucket}/${path}`;
  const variables = {
    ...environment,
    TRAINING_FILE: at('input/imdb.csv'),
    BERT_PATH: at('input/bert_base_uncased'),
    MODEL_PATH: at('sentiment'),
    CHECKPOINT_PATH: at('sentiment/training/checkpoints'),
  };
  const list = async () => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key }) => Key);
  };
  return { variables, store: at('sentiment'), environment, list, stop };
}
