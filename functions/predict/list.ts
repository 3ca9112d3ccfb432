// Answers a list of texts.
import {
  chooseModel,
  findTextFault,
  type LoadedModel,
  loadInference,
  type Prediction,
  type PredictionParameters,
  type ServedModel,
  type TimedPrediction,
} from '../../layers/prediction/index.ts';
import { predict } from './answer.ts';
import type { Result } from './answer-schema.ts';
import { describeItemError, type ItemErrorCode, isItemError } from './errors.ts';
import type { Outcome } from './observability.ts';
import { type Run, sumParts } from './parts.ts';
import type { ListRequest } from './request-schema.ts';
import { withTimeout } from './timeout.ts';

/** A prediction, or the reason why there is none. */
type ItemOutcome = TimedPrediction | ItemErrorCode;

/** A text's outcome and the version that answered it. */
interface Item {
  readonly model: LoadedModel;
  readonly outcome: ItemOutcome;
}

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
export async function predictList(served: ServedModel, request: ListRequest, limits: Limits): Promise<ListResults> {
  const { inputs, parameters } = request;
  const found = new Map<string, Item>();
  const { runEach } = await loadInference();
  const predictOne = async (text: string) => {
    const model = chooseModel(served, text);
    found.set(text, { model, outcome: await predictItem(model, text, parameters, limits.deadline) });
  };
  await runEach(new Set(inputs).values(), served.classifier.concurrency ?? 1, predictOne, () => limits.signal.aborted);
  const late: Item = { model: served, outcome: 'TIME_BUDGET' };
  const items = inputs.map((text) => found.get(text) ?? late);
  const [first = late] = items;
  return {
    results: items.map((item) => toResult(item, first.model)),
    outcome: summarize(served, [...found.values()]),
    late: items.some(({ outcome }) => outcome === 'TIME_BUDGET'),
  };
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
    if (isItemError(error)) return error.code;
    throw error;
  }
}

/** The result of an item; with its version if that is another one than the list's. */
function toResult({ model: { manifest }, outcome }: Item, first: LoadedModel): Result {
  if (typeof outcome === 'string') return describeItemError(outcome);
  const { version } = manifest;
  return version === first.manifest.version ? outcome.prediction : { ...outcome.prediction, model: version };
}

const sum = <T>(items: readonly T[], read: (item: T) => number) => items.reduce((total, item) => total + read(item), 0);

/** Counts the predictions by a word of each; those without one are left out. */
function countBy(predictions: readonly Prediction[], read: (prediction: Prediction) => string | undefined) {
  const counts: Record<string, number> = {};
  for (const word of predictions.map(read)) if (word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const toRun = ({ model, outcome }: Item): Run => ({
  model,
  runMs: typeof outcome === 'string' ? undefined : outcome.stages.runMs,
});

/** What was run for a list, together. */
function summarize(served: ServedModel, items: readonly Item[]): Outcome {
  const runs = items.map(({ outcome }) => outcome).filter((outcome) => typeof outcome !== 'string');
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
    ...(served.candidate && { parts: sumParts(served, items.map(toRun)) }),
  };
}
