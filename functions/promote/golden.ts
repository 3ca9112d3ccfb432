import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Classifier, Tokenize } from '../../layers/inference/index.ts';
import type { Check } from './checks.ts';

const goldenCase = z.looseObject({
  text: z.string(),
  ids: z.array(z.int()),
  dropped: z.int(),
  reference: z.array(z.number()),
  served: z.array(z.number()),
});

/** Differences by percentile (nearest rank); names and meaning are those of docs/model-artifact.md. */
const spreadShape = z.object({
  median: z.number(),
  percentile90: z.number(),
  percentile99: z.number(),
  largest: z.number(),
});

const goldenFile = z.discriminatedUnion('schema', [
  z.looseObject({ schema: z.literal(1), cases: z.array(goldenCase).min(1) }),
  z.looseObject({ schema: z.literal(2), cases: z.array(goldenCase).min(1), spread: spreadShape }),
]);

/** A text and the ids and probabilities that serving must give for it: see docs/model-artifact.md. */
export type GoldenCase = z.infer<typeof goldenCase>;

/** Percentiles of the differences between two sets of answers. */
export type Spread = z.infer<typeof spreadShape>;

/** The golden texts of a version, and how far the answers of another processor may differ. */
export interface Golden {
  readonly cases: readonly GoldenCase[];
  readonly spread: Spread;
}

/** The spread for a golden file of schema 1, which records none. It was measured on a model of six layers. */
const sampleSpread: Spread = { median: 5e-8, percentile90: 2.5e-4, percentile99: 3.3e-3, largest: 1.15e-2 };

/** A processor may differ by this multiple of the measured spread. */
const factor = 4;
/** A difference below this is always allowed: it can come from float32 and from the eight digits of golden.json. */
const floor = 1e-5;
/** A difference above this is never allowed. Training allows as much between int8 and PyTorch. */
const ceiling = 0.05;

const percentiles = ['median', 'percentile90', 'percentile99', 'largest'] as const;

/** Reads `golden.json` of schema 1 or 2. Throws an error that says what is wrong with it. */
export async function readGolden(path: string): Promise<Golden> {
  const file = goldenFile.parse(JSON.parse(await readFile(path, 'utf8')));
  return { cases: file.cases, spread: file.schema === 2 ? file.spread : sampleSpread };
}

const sameIds = (ids: readonly number[], expected: readonly number[]) =>
  ids.length === expected.length && ids.every((id, index) => id === expected[index]);

/** The largest difference over the labels. Infinite if a number is missing. */
function differ(probabilities: readonly number[], others: readonly number[]): number {
  if (probabilities.length !== others.length) return Number.POSITIVE_INFINITY;
  const differences = probabilities.map((value, index) => Math.abs(value - (others[index] ?? Number.NaN)));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences);
}

/** The difference of each text's answer from the golden file. */
const differFrom = (name: 'served' | 'reference', cases: Golden['cases'], answers: readonly (readonly number[])[]) =>
  cases.map((each, index) => differ(answers[index] ?? [], each[name]));

/** Percentiles of some differences, by nearest rank. */
function describeDifferences(differences: readonly number[]): Spread {
  const sorted = differences.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.POSITIVE_INFINITY;
  return { median: at(0.5), percentile90: at(0.9), percentile99: at(0.99), largest: at(1) };
}

const boundOf = (spread: number) => Math.min(ceiling, Math.max(floor, factor * spread));

const labelOf = (probabilities: readonly number[]) => probabilities.indexOf(Math.max(...probabilities));

/** Distance between the best and the second best label. */
function marginOf(probabilities: readonly number[]): number {
  const [best = Number.NaN, second = Number.NaN] = probabilities.toSorted((one, other) => other - one);
  return best - second;
}

/** A change of label counts, unless the margins of both answers are within the bound. */
const isFlipped = (answer: readonly number[], served: readonly number[], bound: number) =>
  labelOf(answer) !== labelOf(served) && Math.max(marginOf(answer), marginOf(served)) > bound;

const listFew = (indexes: readonly number[]) =>
  `${indexes.slice(0, 5).join(', ')}${indexes.length > 5 ? ` and ${indexes.length - 5} more` : ''}`;

/** A phrase for each rule of the golden check that the answers break. Texts are named by their index in the file. */
export function findDisagreements({ cases, spread }: Golden, answers: readonly (readonly number[])[]): string[] {
  const differences = differFrom('served', cases, answers);
  const gaps = describeDifferences(differences);
  const phrases = [];
  for (const name of percentiles) {
    const bound = boundOf(spread[name]);
    if (gaps[name] <= bound) continue;
    const far = [...differences.keys()].filter((index) => (differences[index] ?? 0) > bound);
    const size = `${gaps[name].toExponential(1)} above ${bound.toExponential(1)}`;
    phrases.push(`the ${name} difference is ${size}, in the texts ${listFew(far)}`);
  }
  const bound = boundOf(spread.largest);
  const flipped = [...cases.keys()].filter((index) =>
    isFlipped(answers[index] ?? [], cases[index]?.served ?? [], bound),
  );
  if (flipped.length > 0) phrases.push(`another label in the texts ${listFew(flipped)}`);
  const distance = describeDifferences(differFrom('reference', cases, answers));
  if (!(distance.percentile99 <= ceiling + boundOf(spread.percentile99)))
    phrases.push(`the 99th percentile of the distance from PyTorch is ${distance.percentile99.toPrecision(2)}`);
  return phrases;
}

interface Runtime {
  readonly tokenize: Tokenize;
  readonly classifier: Classifier;
}

/** Runs every golden text in the serving runtime and checks the answers by the rules of docs/model-artifact.md. */
export async function checkGolden({ tokenize, classifier }: Runtime, golden: Golden): Promise<Check> {
  const { cases } = golden;
  const wrongIds: number[] = [];
  const answers: (readonly number[])[] = [];
  for (const [index, { text, ids, dropped }] of cases.entries()) {
    const tokenized = tokenize(text);
    if (!sameIds(tokenized.ids, ids) || tokenized.dropped !== dropped) wrongIds.push(index);
    answers.push((await classifier.classify(text)).probabilities);
  }
  const faults = wrongIds.length > 0 ? [`other ids in the texts ${listFew(wrongIds)}`] : [];
  faults.push(...findDisagreements(golden, answers));
  const gaps = describeDifferences(differFrom('served', cases, answers));
  const agreed = `ids as in training, probabilities within ${gaps.largest.toExponential(1)} of it, half of them within ${gaps.median.toExponential(1)}`;
  return {
    name: 'golden',
    passed: faults.length === 0,
    detail: `${cases.length} golden texts: ${faults.length > 0 ? faults.join('; ') : agreed}`,
    cases: cases.length,
    largestDifference: Number.isFinite(gaps.largest) ? gaps.largest : null,
  };
}
