import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createApp } from '../../functions/predict/app.ts';
import { readConfiguration } from '../../functions/predict/configuration.ts';
import { createModelProvider } from '../../functions/predict/current-model.ts';
import { loadModel } from '../../functions/predict/model.ts';
import { openModelStore } from '../../layers/model-store/index.ts';
import { createLog } from '../../layers/telemetry/index.ts';
import { type Bucket, makeBucket } from '../s3/buckets.ts';

const python = join('.venv', 'bin', 'python');
const run = promisify(execFile);

interface GoldenCase {
  readonly text: string;
  readonly dropped: number;
  readonly served: readonly [number, number];
}

/** Trains the tiny BERT on made-up reviews and publishes it, as a user would: one command. */
async function trainInto(bucket: Bucket): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'review-to-answer-'));
  await run(python, [join('test', 'training', 'tiny.py'), folder]);
  const settings = {
    TRAINING_FILE: join(folder, 'imdb.csv'),
    BERT_PATH: join(folder, 'base'),
    CHECKPOINT_PATH: join(folder, 'checkpoints'),
    MODEL_PATH: `s3://${bucket.name}/models`,
    MAX_LEN: '48',
    EPOCHS: '2',
    TRAIN_BATCH_SIZE: '16',
    LEARNING_RATE: '3e-3',
    THREADS: '1',
    AWS_ENDPOINT_URL: bucket.endpoint,
  };
  await run(python, [join('training', 'train.py'), '--promote'], { env: { ...process.env, ...settings } });
}

async function serve(bucket: Bucket) {
  process.env.AWS_ENDPOINT_URL = bucket.endpoint;
  const directory = await mkdtemp(join(tmpdir(), 'review-to-answer-models-'));
  const configuration = readConfiguration({ MODEL_URI: `s3://${bucket.name}/models`, MODEL_DIRECTORY: directory });
  const log = createLog({ level: 'error' });
  return createApp({ log, models: createModelProvider(() => loadModel(configuration, { log })) });
}

it('trains on reviews, publishes to S3 and serves that very version', async () => {
  const bucket = await makeBucket();
  await trainInto(bucket);
  const app = await serve(bucket);

  const model: { version: string } = JSON.parse(await (await app.request('/model')).text());
  const store = openModelStore(`s3://${bucket.name}/models`);
  const { text: golden } = await store.readText(`versions/${model.version}/golden.json`);
  const { cases }: { cases: readonly GoldenCase[] } = JSON.parse(golden);

  const askable = cases.filter(({ text }) => text.trim() !== '' && text.isWellFormed());
  expect(askable.length).toBeGreaterThan(500);
  for (const { text, served, dropped } of askable) {
    const answer = JSON.parse(await (await app.request(`/predict?sentence=${encodeURIComponent(text)}`)).text());
    expect(answer).toMatchObject({ model: model.version, truncated: dropped > 0 });
    expect(Math.abs(Number(answer.response.positive) - served[1])).toBeLessThan(1e-5);
  }
}, 300_000);
