import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Check } from './checks.ts';
import type { TriedModel } from './tried-model.ts';

const goldenCase = z.looseObject({
  text: z.string(),
  ids: z.array(z.int()),
  dropped: z.int(),
  served: z.array(z.number()),
});

const goldenFile = z.looseObject({ schema: z.literal(1), cases: z.array(goldenCase).min(1) });

/** A text with what serving must make of it: see docs/model-artifact.md. */
export type GoldenCase = z.infer<typeof goldenCase>;

/** The artifact's promise: ids exactly, probabilities within this. */
const tolerance = 1e-5;

/** Reads `golden.json`. Throws an error that says what is wrong with it. */
export async function readGolden(path: string): Promise<readonly GoldenCase[]> {
  return goldenFile.parse(JSON.parse(await readFile(path, 'utf8'))).cases;
}

const sameIds = (ids: readonly number[], expected: readonly number[]) =>
  ids.length === expected.length && ids.every((id, index) => id === expected[index]);

/** The largest difference; infinite if there is no number to compare. */
function differ(probabilities: readonly number[], served: readonly number[]): number {
  if (probabilities.length !== served.length) return Number.POSITIVE_INFINITY;
  const differences = probabilities.map((value, index) => Math.abs(value - (served[index] ?? Number.NaN)));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences);
}

/** Runs every golden text in the serving runtime. Texts are named by their place in the file: they may be long. */
export async function checkGolden({ tokenize, classifier }: TriedModel, cases: readonly GoldenCase[]): Promise<Check> {
  let largest = 0;
  const wrongIds: number[] = [];
  const wrongProbabilities: number[] = [];
  for (const [index, { text, ids, dropped, served }] of cases.entries()) {
    const tokenized = tokenize(text);
    if (!sameIds(tokenized.ids, ids) || tokenized.dropped !== dropped) wrongIds.push(index);
    const { probabilities } = await classifier.classify(text);
    const difference = differ(probabilities, served);
    largest = Math.max(largest, difference);
    if (difference > tolerance) wrongProbabilities.push(index);
  }
  const passed = wrongIds.length === 0 && wrongProbabilities.length === 0;
  return {
    name: 'golden',
    passed,
    detail: describe(cases.length, { wrongIds, wrongProbabilities, largest }),
    cases: cases.length,
    largestDifference: Number.isFinite(largest) ? largest : null,
  };
}

interface Differences {
  readonly wrongIds: readonly number[];
  readonly wrongProbabilities: readonly number[];
  readonly largest: number;
}

const listFew = (indexes: readonly number[]) =>
  `${indexes.slice(0, 5).join(', ')}${indexes.length > 5 ? ` and ${indexes.length - 5} more` : ''}`;

function describe(cases: number, { wrongIds, wrongProbabilities, largest }: Differences): string {
  const faults = [];
  if (wrongIds.length > 0) faults.push(`other ids in the texts ${listFew(wrongIds)}`);
  if (wrongProbabilities.length > 0)
    faults.push(`probabilities off by up to ${largest.toExponential(1)} in the texts ${listFew(wrongProbabilities)}`);
  const result = faults.length > 0 ? faults.join('; ') : `all as in training, probabilities within ${tolerance}`;
  return `${cases} golden texts: ${result}`;
}
