import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Answer, PublicModel } from '../../functions/predict/answer-schema.ts';
import { createApp } from '../../functions/predict/app.ts';
import { readConfiguration } from '../../functions/predict/configuration.ts';
import { openModelStore } from '../../layers/model-store/index.ts';
import { createModelProvider, loadModel } from '../../layers/prediction/index.ts';
import { createLog } from '../../layers/telemetry/index.ts';
import { type Bucket, makeBucket } from '../s3/buckets.ts';

const python = join('.venv', 'bin', 'python');
const run = promisify(execFile);

interface GoldenCase {
  readonly text: string;
  readonly dropped: number;
  readonly served: readonly number[];
}

interface Recipe {
  readonly epochs: string;
  readonly learningRate: string;
}

/** Trains the tiny BERT on made-up reviews and publishes it, as a user would: one command. */
async function trainInto(bucket: Bucket, file: 'imdb.csv' | 'tweets.csv', recipe: Recipe): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'review-to-answer-'));
  await run(python, [join('test', 'training', 'tiny.py'), folder]);
  const settings = {
    TRAINING_FILE: join(folder, file),
    BERT_PATH: join(folder, 'base'),
    CHECKPOINT_PATH: join(folder, 'checkpoints'),
    MODEL_PATH: `s3://${bucket.name}/models`,
    MAX_LEN: '48',
    EPOCHS: recipe.epochs,
    TRAIN_BATCH_SIZE: '16',
    LEARNING_RATE: recipe.learningRate,
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
  const app = createApp({ log, models: createModelProvider(() => loadModel(configuration, { log })) });
  const read = async (path: string) => JSON.parse(await (await app.request(path)).text());
  return {
    readModel: (): Promise<PublicModel> => read('/model'),
    predict: (text: string): Promise<Answer> => read(`/predict?sentence=${encodeURIComponent(text)}`),
  };
}

/** The golden texts of a version that can be asked for through HTTP. */
async function readGolden(bucket: Bucket, version: string): Promise<readonly GoldenCase[]> {
  const store = openModelStore(`s3://${bucket.name}/models`);
  const { text } = await store.readText(`versions/${version}/golden.json`);
  const { cases }: { cases: readonly GoldenCase[] } = JSON.parse(text);
  const askable = cases.filter(({ text }) => text.trim() !== '' && text.isWellFormed());
  expect(askable.length).toBeGreaterThan(500);
  return askable;
}

it('trains on reviews, publishes to S3 and serves that very version', async () => {
  const bucket = await makeBucket();
  await trainInto(bucket, 'imdb.csv', { epochs: '2', learningRate: '3e-3' });
  const { readModel, predict } = await serve(bucket);
  const { version, labels } = await readModel();
  expect(labels).toEqual(['negative', 'positive']);
  for (const { text, served, dropped } of await readGolden(bucket, version)) {
    const answer = await predict(text);
    expect(answer).toMatchObject({ model: version, truncated: dropped > 0 });
    expect(Math.abs(Number(answer.response.positive) - (served[1] ?? Number.NaN))).toBeLessThan(1e-5);
  }
}, 300_000);

it('trains on three classes, publishes to S3 and answers with each of them', async () => {
  const bucket = await makeBucket();
  await trainInto(bucket, 'tweets.csv', { epochs: '10', learningRate: '2e-3' });
  const { readModel, predict } = await serve(bucket);
  const { version, labels, metrics } = await readModel();
  expect(labels).toEqual(['negative', 'neutral', 'positive']);
  expect(Object.keys(metrics.classes ?? {})).toEqual(labels);
  expect(metrics.polar?.rows).toBeLessThan(metrics.rows);

  for (const { text, served } of await readGolden(bucket, version)) {
    const { response, probabilities } = await predict(text);
    const [negative = Number.NaN, , positive = Number.NaN] = served;
    for (const [index, label] of labels.entries())
      expect(Math.abs((probabilities[label] ?? Number.NaN) - (served[index] ?? Number.NaN))).toBeLessThan(1e-5);
    expect(Math.abs(Number(response.positive) - positive / (positive + negative))).toBeLessThan(1e-4);
  }
  expect(await predict('The film was awful , boring .')).toMatchObject({ label: 'negative' });
  expect(await predict('The film was very , it , thought .')).toMatchObject({ label: 'neutral' });
  expect(await predict('The film was lovely , great .')).toMatchObject({ label: 'positive' });
}, 300_000);
