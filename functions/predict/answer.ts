import type { RunStages } from '../../layers/inference/index.ts';
import type { Answer, PublicModel } from './contract.ts';
import { formatProbabilities } from './probability.ts';
import type { ServedModel } from './served-model.ts';

/** An answer, and for the operator where its time went. */
export interface TimedAnswer {
  readonly answer: Answer;
  readonly stages: RunStages;
}

/**
 * Classifies a text: the tutorial service's four strings, and beside them what is new.
 *
 * @throws what the classifier throws.
 */
export async function classifySentence({ manifest, classifier }: ServedModel, sentence: string): Promise<TimedAnswer> {
  const started = performance.now();
  const { probabilities, tokens, dropped, stages } = await classifier.classify(sentence);
  const seconds = (performance.now() - started) / 1000;
  const positive = probabilities[manifest.labels.indexOf('positive')] ?? Number.NaN;
  const answer = {
    response: { ...formatProbabilities(positive), sentence, time_taken: seconds.toFixed(3) },
    model: manifest.version,
    tokens,
    truncated: dropped > 0,
    ...(dropped > 0 ? { dropped } : {}),
  };
  return { answer, stages };
}

/** What of the manifest is for everybody: not where the data came from and not how it was trained. */
export function describeModel({ manifest }: ServedModel): PublicModel {
  const { version, createdAt, labels, maxTokens, precision } = manifest;
  const { rows, accuracy, f1, auc, ece } = manifest.metrics;
  return { version, createdAt, labels, maxTokens, precision, metrics: { rows, accuracy, f1, auc, ece } };
}
