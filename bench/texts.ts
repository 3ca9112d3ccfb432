import { readFileSync } from 'node:fs';

/** Words that the tokenizer knows whole: each is one token. */
type Words = readonly string[];

/** Rare words come late in BERT's vocabulary. Texts are made of the others. */
const commonIds = 12_000;
/** `[CLS]` and `[SEP]`. */
const markers = 2;
const longest = 512;

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32, Tommy Ettinger, public domain). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Reads the words that are one token each from a `tokenizer.json`. */
export function readWords(tokenizerPath: string): Words {
  const { model } = JSON.parse(readFileSync(tokenizerPath, 'utf8')) as { model: { vocab: Record<string, number> } };
  const words = Object.entries(model.vocab).filter(([word, id]) => id < commonIds && /^[a-z]{2,}$/.test(word));
  if (words.length === 0) throw new Error(`${tokenizerPath} has no whole words: texts cannot be made of it.`);
  return words.map(([word]) => word);
}

/** A text of exactly this many tokens, markers included. The same seed gives the same text. */
export function createText(words: Words, tokens: number, seed: number): string {
  const random = createRandom(seed * 1009 + tokens);
  return Array.from({ length: tokens - markers }, () => words[Math.floor(random() * words.length)]).join(' ');
}

/** Several different texts of one length. */
export const createTexts = (words: Words, tokens: number, count: number) =>
  Array.from({ length: count }, (_, seed) => createText(words, tokens, seed));

/** Inverse of the normal distribution's cumulative function (Abramowitz and Stegun 26.2.23, error below 4.5e-4). */
function toDeviation(share: number): number {
  if (share > 0.5) return -toDeviation(1 - share);
  const t = Math.sqrt(-2 * Math.log(share));
  const fraction = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return fraction - t;
}

/**
 * Lengths in tokens of film reviews: log-normal with IMDB's median of 230 and mean of 307 tokens, cut at 512 as the models do.
 * They are even steps through the distribution, so that few texts already have its mean.
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
