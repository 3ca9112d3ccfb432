import type { Classification, Classifier } from './types.ts';

/**
 * Classifies texts that one answer is made of, as many at a time as the classifier works on: more would wait in its queue
 * before the texts of other requests. The answers are in the order of the texts.
 *
 * @throws what the classifier throws for the first text that fails; no further text is begun then.
 */
export async function classifyEach(classifier: Classifier, texts: readonly string[]): Promise<Classification[]> {
  const answers: Classification[] = [];
  const waiting = texts.entries();
  let failed = false;
  const takeTurns = async () => {
    for (const [index, text] of waiting) {
      if (failed) return;
      answers[index] = await classifier.classify(text);
    }
  };
  const { concurrency = 1 } = classifier;
  const turns = Array.from({ length: Math.min(concurrency, texts.length) }, takeTurns);
  await Promise.all(turns).catch((error: unknown) => {
    failed = true;
    throw error;
  });
  return answers;
}
