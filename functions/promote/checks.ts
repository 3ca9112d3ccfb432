// The comparisons of a candidate with the champion: accuracy, size and latency.
import type { Classifier } from '../../layers/inference/index.ts';
import type { Manifest } from '../../layers/model-store/index.ts';

/** How much worse than the current version a candidate may be. */
export interface Limits {
  /** Accuracy that it may lose, as a share of 1. */
  readonly accuracyTolerance: number;
  /** Median latency, as a multiple of the champion's. */
  readonly latencyRatio: number;
  /** Bytes that serving loads, as a multiple of the champion's. */
  readonly sizeRatio: number;
}

/** The result of one check, in words and in the numbers that decided. */
export interface Check {
  readonly name: 'files' | 'golden' | 'accuracy' | 'size' | 'latency';
  readonly passed: boolean;
  readonly detail: string;
  readonly [number: string]: unknown;
}

const digits = (value: number, places = 4) => String(Number(value.toFixed(places)));

/** Rounding errors, such as that of 0.9 - 0.002, must not decide. */
const slack = 1e-9;

/**
 * Compares the accuracy that training recorded with the champion's. If only one of the two has the class neutral, its
 * accuracy of positive against negative counts, which is what the other one has. Without a champion the check passes.
 */
export function checkAccuracy(candidate: Manifest, champion: Manifest | undefined, limits: Limits): Check {
  if (!champion)
    return {
      name: 'accuracy',
      passed: true,
      detail: 'there is no current version',
      candidate: candidate.metrics.accuracy,
    };
  const polar = candidate.labels.length !== champion.labels.length;
  const [own, other] = [candidate, champion].map((manifest) => accuracyOf(manifest, polar));
  if (own === undefined || other === undefined)
    return { name: 'accuracy', passed: false, detail: 'the version with the class neutral has no polar figures' };
  const least = other - limits.accuracyTolerance;
  const among = polar ? ', without neutral, which only one of them has' : '';
  const detail = `${digits(own)} against ${digits(other)}, at least ${digits(least)} wanted${among}`;
  const { accuracyTolerance: tolerance } = limits;
  return { name: 'accuracy', passed: own >= least - slack, detail, candidate: own, champion: other, polar, tolerance };
}

/** Accuracy of a version; with `polar` that of positive against negative, which a version of two classes always has. */
const accuracyOf = ({ labels, metrics }: Manifest, polar: boolean): number | undefined =>
  polar && labels.length > 2 ? metrics.polar?.accuracy : metrics.accuracy;

/** Bytes of the files that serving loads. */
export const servedBytes = ({ files }: Manifest): number =>
  files.filter(({ role }) => role === 'model' || role === 'tokenizer').reduce((sum, { bytes }) => sum + bytes, 0);

/** Compares the size of the files that serving loads with the champion's. */
export function checkSize(candidate: Manifest, champion: Manifest | undefined, limits: Limits): Check {
  const bytes = servedBytes(candidate);
  if (!champion) return { name: 'size', passed: true, detail: 'there is no current version', candidate: bytes };
  return compareRatio('size', [bytes, servedBytes(champion)], { most: limits.sizeRatio, unit: 'bytes' });
}

/** Compares two median latencies, in milliseconds, that were measured side by side. */
export const checkLatency = (medians: readonly [number, number], { latencyRatio }: Limits): Check =>
  compareRatio('latency', medians, { most: latencyRatio, unit: 'ms' });

interface RatioLimit {
  readonly most: number;
  readonly unit: string;
}

function compareRatio(
  name: Check['name'],
  [candidate, champion]: readonly [number, number],
  { most, unit }: RatioLimit,
): Check {
  const ratio = candidate / champion;
  const detail = `${digits(candidate, 2)} ${unit} against ${digits(champion, 2)} ${unit}: ${digits(ratio, 3)} times, at most ${digits(most, 3)} wanted`;
  return { name, passed: ratio <= most + slack, detail, candidate, champion, ratio, most };
}

/** Texts of one block: enough for short and long ones, and few enough that a slow moment affects both models. */
const blockTexts = 12;
/** Measured blocks of each model. */
const rounds = 6;

/**
 * Median milliseconds of the candidate and of the champion. Their blocks alternate and swap their order, so that a slow
 * moment of the machine affects both models. The first block of each model is the warmup and does not count.
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

/** Texts at equal distances over the whole file, in its order. */
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

/** The middle value. Of an even count it is the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [high = Number.NaN, low = high] = [sorted[middle], sorted[sorted.length % 2 === 1 ? middle : middle - 1]];
  return (low + high) / 2;
}
