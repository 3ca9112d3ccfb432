import { createReviews, createText, createTexts, listReviewLengths, readWords } from '../../bench/texts.ts';
import { loadTokenizer } from '../../layers/inference/index.ts';
import { samplePath } from '../layers/inference/sample-model.ts';

const words = readWords(samplePath('tokenizer.json'));

test.each([8, 16, 32, 64, 128, 256, 512])('a text of %d tokens has exactly as many', async (tokens) => {
  const tokenize = await loadTokenizer(samplePath('tokenizer.json'), 10_000);
  for (const text of createTexts(words, tokens, 3)) expect(tokenize(text).ids).toHaveLength(tokens);
});

test('a seed gives the same text every time, and another seed gives another text', () => {
  expect(createText(words, 16, 1)).toBe(createText(words, 16, 1));
  expect(createText(words, 16, 1)).not.toBe(createText(words, 16, 2));
});

test("lengths of reviews have the median of IMDB's and, cut at 512 tokens, its mean of about 271", () => {
  const lengths = listReviewLengths(16);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  expect(mean).toBeGreaterThan(255);
  expect(mean).toBeLessThan(287);
  expect(listReviewLengths(1)).toEqual([230]);
  expect(Math.max(...lengths)).toBe(512);
});

test('reviews have those lengths, in another order', async () => {
  const tokenize = await loadTokenizer(samplePath('tokenizer.json'), 10_000);
  const lengths = createReviews(words, 8).map((text) => tokenize(text).ids.length);
  expect(lengths.toSorted((one, other) => one - other)).toEqual(listReviewLengths(8));
  expect(lengths).not.toEqual(listReviewLengths(8));
});
