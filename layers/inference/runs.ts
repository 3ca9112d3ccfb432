import type { Classification, Classifier } from './types.ts';

/**
 * Runs a task for each item, in order, so many at a time. No further task is begun after one has failed, or once `isOver` says so.
 *
 * @throws what the first task that fails throws.
 */
export async function runEach<T>(
  items: IterableIterator<T>,
  concurrency: number,
  task: (item: T) => Promise<void>,
  isOver = () => false,
): Promise<void> {
  let failed = false;
  const takeTurns = async () => {
    for (const item of items) {
      if (failed || isOver()) return;
      await task(item);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, takeTurns)).catch((error: unknown) => {
    failed = true;
    throw error;
  });
}

/**
 * Classifies texts that one answer is made of, as many at a time as the classifier works on: more would wait in its queue
 * before the texts of other requests. The answers are in the order of the texts.
 *
 * @throws what the classifier throws for the first text that fails; no further text is begun then.
 */
export async function classifyEach(classifier: Classifier, texts: readonly string[]): Promise<Classification[]> {
  const answers: Classification[] = [];
  await runEach(texts.entries(), classifier.concurrency ?? 1, async ([index, text]) => {
    answers[index] = await classifier.classify(text);
  });
  return answers;
}
