// Answers a list of texts.
import {
  findTextFault,
  type LoadedModel,
  loadInference,
  type Prediction,
  type PredictionParameters,
  type TimedPrediction,
} from '../../layers/prediction/index.ts';
import { predict } from './answer.ts';
import type { Result } from './answer-schema.ts';
import { ApiError, describeItemError, type ItemErrorCode } from './errors.ts';
import type { Outcome } from './observability.ts';
import type { ListRequest } from './request-schema.ts';
import { withTimeout } from './timeout.ts';

/** A prediction, or the reason why there is none. */
type ItemOutcome = TimedPrediction | ItemErrorCode;

/** Results in the order of the inputs, and what the log says of them. */
export interface ListResults {
  readonly results: readonly Result[];
  readonly outcome: Outcome;
  /** Whether the time was over before all texts had their turn. */
  readonly late: boolean;
}

interface Limits {
  /** Milliseconds of `performance.now()` after which no result is waited for; Infinity for none. */
  readonly deadline: number;
  /** Aborts when nobody waits for the answer. The texts that have not begun are left out then. */
  readonly signal: AbortSignal;
}

/**
 * Classifies each text by itself; equal texts once. Texts that cannot be classified get an error in their place. At most as
 * many texts wait for the classifier as it works on at the same time, so that a list leaves room for other requests.
 *
 * @throws what the classifier throws.
 */
export async function predictList(model: LoadedModel, request: ListRequest, limits: Limits): Promise<ListResults> {
  const { inputs, parameters } = request;
  const found = new Map<string, ItemOutcome>();
  const { runEach } = await loadInference();
  const predictOne = async (text: string) =>
    void found.set(text, await predictItem(model, text, parameters, limits.deadline));
  await runEach(new Set(inputs).values(), model.classifier.concurrency ?? 1, predictOne, () => limits.signal.aborted);
  const items = inputs.map((text) => found.get(text) ?? 'TIME_BUDGET');
  return { results: items.map(toResult), outcome: summarize([...found.values()]), late: items.includes('TIME_BUDGET') };
}

async function predictItem(
  model: LoadedModel,
  text: string,
  parameters: PredictionParameters,
  deadline: number,
): Promise<ItemOutcome> {
  const fault = findTextFault(text);
  if (fault) return fault;
  const remaining = deadline - performance.now();
  if (remaining <= 0) return 'TIME_BUDGET';
  const predicting = predict(model, text, parameters);
  try {
    if (deadline === Number.POSITIVE_INFINITY) return await predicting;
    return (await withTimeout(remaining, predicting)) ?? 'TIME_BUDGET';
  } catch (error) {
    if (error instanceof ApiError && error.code === 'WINDOWS_TOO_MANY') return error.code;
    throw error;
  }
}

const toResult = (item: ItemOutcome): Result => (typeof item === 'string' ? describeItemError(item) : item.prediction);

const sum = <T>(items: readonly T[], read: (item: T) => number) => items.reduce((total, item) => total + read(item), 0);

/** Counts the predictions by a word of each; those without one are left out. */
function countBy(predictions: readonly Prediction[], read: (prediction: Prediction) => string | undefined) {
  const counts: Record<string, number> = {};
  for (const word of predictions.map(read)) if (word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** What was run for a list, together. */
function summarize(items: readonly ItemOutcome[]): Outcome {
  const runs = items.filter((item) => typeof item !== 'string');
  const predictions = runs.map(({ prediction }) => prediction);
  return {
    texts: items.length,
    failed: items.length - runs.length,
    labels: countBy(predictions, ({ label }) => label),
    tokens: sum(predictions, ({ tokens }) => tokens),
    unknown: sum(predictions, ({ unknown }) => unknown),
    truncated: predictions.some(({ truncated }) => truncated),
    unreliable: countBy(predictions, ({ reason }) => reason),
    predictions,
    stages: {
      tokenizeMs: sum(runs, ({ stages }) => stages.tokenizeMs),
      runMs: sum(runs, ({ stages }) => stages.runMs),
    },
  };
}
