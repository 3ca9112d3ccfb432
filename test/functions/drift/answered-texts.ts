import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { addDigest } from '../../../layers/model-store/index.ts';
import { type CountedPrediction, countBins, countClasses, listBinMetrics } from '../../../layers/prediction/index.ts';
import { findEndpoint } from '../../s3/buckets.ts';
import { createTinyService } from '../predict/tiny-service.ts';
import { twoClasses, writeTinyStore } from '../predict/tiny-store.ts';

/** Texts like those that the model was measured on: short, of known words, some good and some bad. */
export const usualTexts = ['this is the best book ever', 'this is a bad book', 'good', 'the book is good', 'bad bad'];
/** Texts that are longer, all praise, and partly of words that the model does not know. */
export const shiftedTexts = [
  `${'good best '.repeat(12)}film`,
  `${'best '.repeat(20)}`,
  `good film ${'good '.repeat(16)}`,
];

export const client = new CloudWatchClient({ endpoint: findEndpoint(), region: 'us-east-1' });

/** Answers texts with the tiny model, through the service. */
export async function answer(texts: readonly string[]): Promise<readonly CountedPrediction[]> {
  const service = createTinyService(await writeTinyStore());
  try {
    const body = JSON.stringify({ inputs: texts });
    const headers = { 'Content-Type': 'application/json' };
    const response = await service.app.request('/predict', { method: 'POST', body, headers });
    const { results } = (await response.json()) as { readonly results: readonly CountedPrediction[] };
    return results;
  } finally {
    await service.release();
  }
}

const countAll = (predictions: readonly CountedPrediction[]) => [
  ...countBins(predictions),
  ...countClasses(predictions),
];

/** A store whose current manifest has the histograms of these answers, each as often as `times`. */
export async function writeStore(predictions: readonly CountedPrediction[], times: number): Promise<string> {
  const folder = await writeTinyStore();
  const counts = new Map(countAll(predictions).map(({ name, value }) => [name, value * times]));
  const read = (names: readonly string[]) => names.map((name) => counts.get(name) ?? 0);
  const { class: classes, ...metrics } = listBinMetrics(twoClasses);
  const distribution = {
    rows: predictions.length * times,
    class: Object.fromEntries(twoClasses.map((label, index) => [label, read(classes)[index]])),
    score: read(metrics.score),
    length: read(metrics.length),
    unknown: read(metrics.unknown),
  };
  const path = join(folder, 'current.json');
  const pointer = JSON.parse(await readFile(path, 'utf8'));
  pointer.manifest.metrics.distribution = distribution;
  pointer.manifest = addDigest(pointer.manifest);
  await writeFile(path, JSON.stringify(pointer));
  return folder;
}

/** Puts the counts of these answers into CloudWatch, as it makes them from a function's log lines. */
export async function putCounts(
  predictions: readonly CountedPrediction[],
  { service, at, times }: { readonly service: string; readonly at: Date; readonly times: number },
): Promise<void> {
  const MetricData = countAll(predictions).map(({ name, value }) => ({
    MetricName: name,
    Timestamp: at,
    Unit: 'Count' as const,
    Value: value * times,
    Dimensions: [{ Name: 'service', Value: service }],
  }));
  await client.send(new PutMetricDataCommand({ Namespace: 'serverless-bert/dev', MetricData }));
}
