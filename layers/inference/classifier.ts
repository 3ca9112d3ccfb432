import { type BatchAnswer, createBatches } from './batches.ts';
import { asInferenceError, InferenceError } from './errors.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { countTokens, loadTokenizer, type Tokenize } from './tokenizer.ts';
import type { Classification, Classifier, ModelSource } from './types.ts';

/** How a classifier is made. */
export interface LoadOptions extends SessionOptions {
  /** What `loadTokenizer` returned for the same source, if it was called ahead. */
  readonly tokenizer?: Promise<Tokenize> | undefined;
}

/**
 * Loads a model's verified files and classifies with them. On a CPU: one text per run, and one run at a time. A run blocks
 * the thread, so concurrent runs would gain nothing, and in a batch an int8 answer would depend on the other texts
 * (docs/decisions/0003-one-text-per-run.md). On a GPU: texts of one length together. One empty text is run first. It
 * proves that model, tokenizer and labels fit.
 *
 * @throws InferenceError if a file is missing or damaged, or if the model's logits are not one per label.
 */
export async function loadClassifier(source: ModelSource, options: LoadOptions): Promise<Classifier> {
  const started = performance.now();
  const model = await loadModel(source, options);
  const loaded = performance.now();
  const classifier: Classifier = {
    labels: source.labels,
    maxTokens: source.maxTokens,
    countTokens: async (texts) => countTokens(model.tokenize, texts),
    ...(options.device === 'cuda' ? runInBatches(model) : runOneByOne(model)),
  };
  await classifier.classify('').catch(async (error: unknown) => {
    await classifier.release();
    throw error;
  });
  return { ...classifier, loadStages: { sessionMs: loaded - started, firstRunMs: performance.now() - loaded } };
}

interface LoadedModel {
  readonly session: Session;
  readonly tokenize: Tokenize;
  readonly source: ModelSource;
}

async function loadModel(source: ModelSource, { tokenizer, ...options }: LoadOptions): Promise<LoadedModel> {
  const opening = openSession(source.modelPath, options);
  const [session, tokenize] = await Promise.allSettled([
    opening,
    tokenizer ?? loadTokenizer(source.tokenizerPath, source.maxTokens),
  ]);
  if (session.status === 'rejected') throw session.reason;
  if (tokenize.status === 'fulfilled') return { session: session.value, tokenize: tokenize.value, source };
  await session.value.release();
  throw tokenize.reason;
}

/** Creates a queue that runs one task at a time, in the order they came. A failed task does not stop the next. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  };
}

/** How a classifier runs its texts. */
type Running = Pick<Classifier, 'classify' | 'release' | 'concurrency'>;

function runOneByOne(model: LoadedModel): Running {
  const { session } = model;
  const enqueue = createQueue();
  const run = async (ids: readonly number[]) => {
    const started = performance.now();
    const logits = await session.run(ids);
    return { logits, runMs: performance.now() - started };
  };
  return {
    classify: (text) => enqueue(() => classifyText(model, text, run)),
    release: () => enqueue(() => session.release()),
  };
}

/** Most texts of a run on a GPU. */
const largestBatch = 32;

/** Texts that a GPU has in line: twice a run, so that some of them are equally long. */
export const textsInLine = 2 * largestBatch;

function runInBatches(model: LoadedModel): Running {
  const { session } = model;
  const batches = createBatches(session.runBatch, largestBatch);
  return {
    concurrency: textsInLine,
    classify: (text) => classifyText(model, text, batches.run),
    release: async () => {
      await batches.settled();
      await session.release();
    },
  };
}

async function classifyText(
  { tokenize, source }: LoadedModel,
  text: string,
  run: (ids: readonly number[]) => Promise<BatchAnswer>,
): Promise<Classification> {
  try {
    const started = performance.now();
    const { ids, unknown, dropped } = tokenize(text);
    const tokenizeMs = performance.now() - started;
    const { logits, runMs } = await run(ids);
    const stages = { tokenizeMs, runMs };
    checkLogits(logits, source);
    return { probabilities: softmax(logits, source.temperature), tokens: ids.length, unknown, dropped, stages };
  } catch (error) {
    throw asInferenceError(`cannot classify with ${source.modelPath}`, error);
  }
}

function checkLogits(logits: readonly number[], { labels, modelPath }: ModelSource): void {
  if (logits.length !== labels.length) {
    throw new InferenceError(`${modelPath} gives ${logits.length} logits for ${labels.length} labels`);
  }
  if (!logits.every(Number.isFinite)) throw new InferenceError(`${modelPath} gives logits that are not finite`);
}

/**
 * Turns logits into probabilities: softmax(logits / temperature), computed in double precision.
 * The temperature calibrates them (Guo et al., 2017) and comes from the model's manifest.
 */
export function softmax(logits: readonly number[], temperature: number): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - highest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
