import type { Classifier } from '../../layers/inference/index.ts';

/** Texts of one block; enough to span short and long, few enough that a machine's mood passes over both models alike. */
const blockTexts = 12;
/** Blocks of each model. */
const rounds = 6;

/** Texts from all over the file, in its order. */
export function pickTexts(texts: readonly string[], count = blockTexts): string[] {
  const step = Math.max(1, texts.length / count);
  const picked = Array.from({ length: Math.min(count, texts.length) }, (_, index) => texts[Math.floor(index * step)]);
  return picked.filter((text) => text !== undefined);
}

async function runBlock({ classify }: Pick<Classifier, 'classify'>, texts: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const text of texts) {
    const started = performance.now();
    await classify(text);
    times.push(performance.now() - started);
  }
  return times;
}

/** The middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [high = Number.NaN, low = high] = [sorted[middle], sorted[sorted.length % 2 === 1 ? middle : middle - 1]];
  return (low + high) / 2;
}

/**
 * Median milliseconds of the candidate and of the champion, in blocks that alternate and change places, so that a slow
 * moment of the machine meets both. The first block of each warms up and does not count.
 */
export async function measureLatency(
  candidate: Pick<Classifier, 'classify'>,
  champion: Pick<Classifier, 'classify'>,
  golden: readonly string[],
): Promise<readonly [number, number]> {
  const texts = pickTexts(golden);
  const models = [candidate, champion];
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const block = await runBlock(models[index] ?? candidate, texts);
      if (round > 0) times[index].push(...block);
    }
  }
  return [median(times[0]), median(times[1])];
}
