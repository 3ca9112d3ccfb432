import { readFileSync } from 'node:fs';
import { choose, createRandom } from './random.ts';

/** Words that the tokenizer knows whole: each is one token. */
export type Words = readonly string[];

/** Tokens that every text has besides its words: `[CLS]` and `[SEP]`. */
const markers = 2;

/** Rare words come late in BERT's vocabulary; reviews are made of the others. */
const commonIds = 12_000;

/** Reads the words that are one token each from a `tokenizer.json`. */
export function readWords(tokenizerPath: string): Words {
  const { model } = JSON.parse(readFileSync(tokenizerPath, 'utf8')) as { model: { vocab: Record<string, number> } };
  const words = Object.entries(model.vocab).filter(([word, id]) => id < commonIds && /^[a-z]{2,}$/.test(word));
  if (words.length === 0) throw new Error(`${tokenizerPath} has no whole words: texts cannot be made of it.`);
  return words.map(([word]) => word);
}

/** A text of exactly this many tokens, markers counted; the same for the same seed. */
export function createText(words: Words, tokens: number, seed: number): string {
  const random = createRandom(seed * 1009 + tokens);
  return Array.from({ length: tokens - markers }, () => choose(words, random)).join(' ');
}

/** Several different texts of one length. */
export function createTexts(words: Words, tokens: number, count: number): string[] {
  return Array.from({ length: count }, (_, seed) => createText(words, tokens, seed));
}

/** Inverse of the normal distribution's cumulative function (Acklam's central rational approximation and its tails). */
function toDeviation(share: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const evaluate = (coefficients: readonly number[], x: number) =>
    coefficients.reduce((sum, next) => sum * x + next, 0);
  const tail = (p: number) => {
    const q = Math.sqrt(-2 * Math.log(p));
    return evaluate(c, q) / evaluate(d, q);
  };
  if (share < 0.02425) return tail(share);
  if (share > 1 - 0.02425) return -tail(1 - share);
  const q = share - 0.5;
  return (q * evaluate(a, q * q)) / evaluate(b, q * q);
}

const longest = 512;

/**
 * Lengths in tokens as film reviews have them: log-normal with IMDB's median of 230 and mean of 307 tokens, cut at 512 as the
 * models do. Even steps through the distribution, so that few texts already have its mean.
 */
export function listReviewLengths(count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const length = Math.round(230 * Math.exp(0.76 * toDeviation((index + 0.5) / count)));
    return Math.min(longest, Math.max(3, length));
  });
}

/** Texts with the lengths of reviews, in mixed order. */
export function createReviews(words: Words, count: number): string[] {
  const random = createRandom(count);
  return listReviewLengths(count)
    .map((tokens, seed) => ({ text: createText(words, tokens, seed), order: random() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ text }) => text);
}
