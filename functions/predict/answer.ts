import type {
  Classification,
  Classifier,
  RunStages,
  TextWindow,
  WindowedClassification,
} from '../../layers/inference/index.ts';
import type { Answer, Prediction, PublicModel } from './answer-schema.ts';
import { findLikeliest, weighPositive } from './classes.ts';
import { ApiError } from './errors.ts';
import type { LoadedModel } from './model.ts';
import type { Parameters } from './request-schema.ts';

/** An answer, and the milliseconds of its stages for the operator. */
export interface TimedAnswer {
  readonly answer: Answer;
  readonly stages: RunStages;
}

/** A prediction, the probabilities in label order that it comes from, and the milliseconds of its stages. */
export interface TimedPrediction {
  readonly prediction: Prediction;
  readonly probabilities: readonly number[];
  readonly stages: RunStages;
}

/** The layer's code, which a cold start loads while the model's bytes arrive. */
export const loadInference = () => import('../../layers/inference/index.ts');

/**
 * Classifies a text. An answer never depends on other texts.
 *
 * @throws ApiError `WINDOWS_TOO_MANY`.
 * @throws what the classifier throws.
 */
export async function predictText(
  { classifier, manifest }: LoadedModel,
  text: string,
  parameters: Parameters,
): Promise<TimedPrediction> {
  const { explain, judgeReliability } = await loadInference();
  const inWindows = parameters.long === 'windows';
  const classification: Classification & Partial<WindowedClassification> = inWindows
    ? await classifyLong(classifier, text, parameters)
    : await classifier.classify(text);
  const { probabilities, stages, windows } = classification;
  const common = createPrediction(manifest.labels, classification);
  const { label, score } = common;
  const reason = judgeReliability(text, classification);
  const prediction = {
    ...common,
    reliable: reason === undefined,
    ...(reason && { reason }),
    ...(windows && { windows: windows.map(roundScore) }),
    ...(parameters.explain && { explanation: await explain(classifier, text, { label, score, windows: inWindows }) }),
  };
  return { prediction, probabilities, stages };
}

/** Classifies all of a text, by windows if it is longer than the model reads. */
async function classifyLong(
  classifier: Classifier,
  text: string,
  parameters: Parameters,
): Promise<WindowedClassification> {
  const { classifyWindows, maxExplainedWindows, maxWindows, WindowsTooManyError } = await loadInference();
  try {
    return await classifyWindows(classifier, text, parameters.explain ? maxExplainedWindows : maxWindows);
  } catch (cause) {
    if (cause instanceof WindowsTooManyError) throw new ApiError('WINDOWS_TOO_MANY', { cause });
    throw cause;
  }
}

const roundScore = (window: TextWindow) => ({ ...window, score: Number(formatProbability(window.score)) });

/** What every prediction has. */
function createPrediction(labels: readonly string[], classification: Classification) {
  const { probabilities: values, tokens, unknown, dropped } = classification;
  const label = findLikeliest(labels, values);
  const probabilities = nameProbabilities(labels, values);
  const score = probabilities[label] ?? Number.NaN;
  const cut = dropped > 0 ? { dropped } : {};
  return { label, score, probabilities, tokens, unknown, truncated: dropped > 0, ...cut };
}

/**
 * Classifies one sentence. The answer has the tutorial service's four strings and, beside them, the fields that are new.
 *
 * @throws what the classifier throws.
 */
export async function classifySentence(
  model: LoadedModel,
  sentence: string,
  parameters: Parameters,
): Promise<TimedAnswer> {
  const started = performance.now();
  const { prediction, probabilities: values, stages } = await predictText(model, sentence, parameters);
  const seconds = (performance.now() - started) / 1000;
  const { labels, version } = model.manifest;
  const strings = formatProbabilities(weighPositive(labels, values));
  const response = { ...strings, sentence, time_taken: seconds.toFixed(3) };
  const { label, score, probabilities, ...findings } = prediction;
  return { answer: { response, label, score, probabilities, model: version, ...findings }, stages };
}

/** The probabilities by class, in label order, as numbers with the digits that the strings of the answer have. */
const nameProbabilities = (labels: readonly string[], probabilities: readonly number[]): Record<string, number> =>
  Object.fromEntries(
    labels.map((label, index) => [label, Number(formatProbability(probabilities[index] ?? Number.NaN))]),
  );

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

/**
 * Writes a probability as Python writes a numpy.float32: `0.99670726`, `1.0`, `1.5e-05`. The tutorial service did so, and
 * its callers may compare the strings. At most nine significant digits.
 *
 * @param probability - 0 to 1; rounded to single precision first.
 */
export function formatProbability(probability: number): string {
  const value = Math.fround(probability);
  if (Number.isInteger(value)) return value.toFixed(1);
  const shortest = findShortestDecimal(value);
  if (value >= 1e-4) return String(Number(shortest));
  return shortest.replace(/e-(\d)$/, 'e-0$1');
}

/** Nine significant decimal digits distinguish any two single-precision numbers. */
const maxDigits = 9;

/** The shortest decimal that reads back as the same single-precision number. */
function findShortestDecimal(value: number): string {
  for (let digits = 1; digits < maxDigits; digits++) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(maxDigits - 1);
}
