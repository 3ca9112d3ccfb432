import type { Answer, PublicModel } from './contract.ts';
import { formatProbabilities } from './probability.ts';
import type { ServedModel } from './served-model.ts';

/**
 * Classifies a text: the tutorial service's four strings, and beside them what is new.
 *
 * @throws what the classifier throws.
 */
export async function classifySentence({ manifest, classifier }: ServedModel, sentence: string): Promise<Answer> {
  const started = performance.now();
  const { probabilities, tokens, dropped } = await classifier.classify(sentence);
  const seconds = (performance.now() - started) / 1000;
  const positive = probabilities[manifest.labels.indexOf('positive')] ?? Number.NaN;
  return {
    response: { ...formatProbabilities(positive), sentence, time_taken: seconds.toFixed(3) },
    model: manifest.version,
    tokens,
    truncated: dropped > 0,
    ...(dropped > 0 ? { dropped } : {}),
  };
}

/** What of the manifest is for everybody: not where the data came from and not how it was trained. */
export function describeModel({ manifest }: ServedModel): PublicModel {
  const { version, createdAt, labels, maxTokens, precision } = manifest;
  const { rows, accuracy, f1, auc, ece } = manifest.metrics;
  return { version, createdAt, labels, maxTokens, precision, metrics: { rows, accuracy, f1, auc, ece } };
}
