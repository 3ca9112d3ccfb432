import { asInferenceError, InferenceError } from './errors.ts';
import { openSession, type Session } from './session.ts';
import { softmax } from './softmax.ts';
import { loadTokenizer, type Tokenize } from './tokenizer.ts';
import type { Classification, Classifier, ModelSource } from './types.ts';

interface Parts {
  readonly session: Session;
  readonly tokenize: Tokenize;
  readonly source: ModelSource;
}

/** Lets one task run at a time, in the order they came; a failed one does not stop the next. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  };
}

function checkLogits(logits: readonly number[], { labels, modelPath }: ModelSource): void {
  if (logits.length !== labels.length) {
    throw new InferenceError(`${modelPath} gives ${logits.length} logits for ${labels.length} labels`);
  }
  if (!logits.every(Number.isFinite)) throw new InferenceError(`${modelPath} gives logits that are not finite`);
}

async function classifyText({ session, tokenize, source }: Parts, text: string): Promise<Classification> {
  try {
    const started = performance.now();
    const { ids, dropped } = tokenize(text);
    const tokenized = performance.now();
    const logits = await session.run(ids);
    const stages = { tokenizeMs: tokenized - started, runMs: performance.now() - tokenized };
    checkLogits(logits, source);
    return { probabilities: softmax(logits, source.temperature), tokens: ids.length, dropped, stages };
  } catch (error) {
    throw asInferenceError(`cannot classify with ${source.modelPath}`, error);
  }
}

/** How a classifier is made. */
export interface LoadOptions {
  /** Threads of one run. */
  readonly threads: number;
  /** What `loadTokenizer` gave for the same source, if it was called ahead. */
  readonly tokenizer?: Promise<Tokenize> | undefined;
}

async function loadParts(source: ModelSource, { threads, tokenizer }: LoadOptions): Promise<Parts> {
  const opening = openSession(source.modelPath, { threads });
  const [session, tokenize] = await Promise.allSettled([
    opening,
    tokenizer ?? loadTokenizer(source.tokenizerPath, source.maxTokens),
  ]);
  if (session.status === 'rejected') throw session.reason;
  if (tokenize.status === 'fulfilled') return { session: session.value, tokenize: tokenize.value, source };
  await session.value.release();
  throw tokenize.reason;
}

/**
 * Loads a model's verified files and classifies with them, one text per run and one run at a time: a run blocks the
 * thread, so that more at once would gain nothing, and in a batch an int8 answer would depend on its companions.
 * One empty text is run first, which proves that model, tokenizer and labels belong together.
 *
 * @throws InferenceError if a file is missing or damaged, or if the model's logits are not one per label.
 */
export async function loadClassifier(source: ModelSource, options: LoadOptions): Promise<Classifier> {
  const started = performance.now();
  const parts = await loadParts(source, options);
  const loaded = performance.now();
  const enqueue = createQueue();
  const classifier: Classifier = {
    labels: source.labels,
    classify: (text) => enqueue(() => classifyText(parts, text)),
    release: () => enqueue(() => parts.session.release()),
  };
  await classifier.classify('').catch(async (error: unknown) => {
    await classifier.release();
    throw error;
  });
  return { ...classifier, loadStages: { sessionMs: loaded - started, firstRunMs: performance.now() - loaded } };
}
