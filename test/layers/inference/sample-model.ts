import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ModelSource } from '../../../layers/inference/index.ts';

/** A store's current version. It is read without the store's code, since these tests are about the model. */
interface SampleManifest {
  readonly version: string;
  readonly labels: readonly string[];
  readonly maxTokens: number;
  readonly temperature: number;
}

/** `SAMPLE_MODEL` may name another store's folder, to run these tests on a model that is not yet the sample. */
const root = process.env.SAMPLE_MODEL ?? resolve('models', 'sample');

function readManifest(): SampleManifest {
  return JSON.parse(readFileSync(join(root, 'current.json'), 'utf8')).manifest;
}

/** Path of a file of the sample model's current version. */
export function samplePath(file: string): string {
  return join(root, 'versions', readManifest().version, file);
}

/** The sample model as a source for the classifier. */
export function sampleSource(): ModelSource {
  const { labels, maxTokens, temperature } = readManifest();
  const files = { modelPath: samplePath('model.onnx'), tokenizerPath: samplePath('tokenizer.json') };
  return { ...files, labels, maxTokens, temperature };
}
