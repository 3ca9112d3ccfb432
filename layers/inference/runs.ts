import type { Classification, Classifier } from './types.ts';

/** More would fill the queue of a service's workers, and other requests would have to wait for all of them. */
const inFlight = 4;

/**
 * Classifies texts that one answer is made of, a few at a time. The answers are in the order of the texts.
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
  const turns = Array.from({ length: Math.min(inFlight, texts.length) }, takeTurns);
  await Promise.all(turns).catch((error: unknown) => {
    failed = true;
    throw error;
  });
  return answers;
}
