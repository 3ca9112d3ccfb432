import type { RunStages } from '../../layers/inference/index.ts';
import {
  formatProbability,
  type LoadedModel,
  loadInference,
  type PredictionParameters,
  predictText,
  type TimedPrediction,
  weighPositive,
} from '../../layers/prediction/index.ts';
import type { Answer, PublicModel } from './answer-schema.ts';
import { ApiError } from './errors.ts';

/** An answer, and the milliseconds of its stages for the operator. */
export interface TimedAnswer {
  readonly answer: Answer;
  readonly stages: RunStages;
}

/**
 * Classifies a text.
 *
 * @throws ApiError `WINDOWS_TOO_MANY`.
 * @throws what the classifier throws.
 */
export async function predict(
  model: LoadedModel,
  text: string,
  parameters: PredictionParameters,
): Promise<TimedPrediction> {
  try {
    return await predictText(model, text, parameters);
  } catch (cause) {
    const { WindowsTooManyError } = await loadInference();
    if (cause instanceof WindowsTooManyError) throw new ApiError('WINDOWS_TOO_MANY', { cause });
    throw cause;
  }
}

/**
 * Classifies one sentence. The answer has the tutorial service's four strings and, beside them, the fields that are new.
 *
 * @throws what the classifier throws.
 */
export async function classifySentence(
  model: LoadedModel,
  sentence: string,
  parameters: PredictionParameters,
): Promise<TimedAnswer> {
  const started = performance.now();
  const { prediction, probabilities: values, stages } = await predict(model, sentence, parameters);
  const seconds = (performance.now() - started) / 1000;
  const { labels, version } = model.manifest;
  const strings = formatProbabilities(weighPositive(labels, values));
  const response = { ...strings, sentence, time_taken: seconds.toFixed(3) };
  const { label, score, probabilities, ...findings } = prediction;
  return { answer: { response, label, score, probabilities, model: version, ...findings }, stages };
}

/** The public part of the manifest. The origin of the data and the training settings are not in it. */
export function describeModel({ manifest }: LoadedModel): PublicModel {
  const { version, createdAt, labels, maxTokens, precision } = manifest;
  const { rows, accuracy, f1, auc, ece, macroF1, classes, polar, behaviours } = manifest.metrics;
  const metrics = { rows, accuracy, f1, auc, ece, macroF1, classes, polar, behaviours };
  return { version, createdAt, labels, maxTokens, precision, metrics };
}

/** The two strings of an answer: negative is 1 − positive in single precision, as the tutorial service computed it. */
export function formatProbabilities(positive: number): { readonly positive: string; readonly negative: string } {
  const single = Math.fround(positive);
  return { positive: formatProbability(single), negative: formatProbability(1 - single) };
}
