import { type Classification, type Classifier, loadClassifier } from '../../../layers/inference/index.ts';
import { classifyWindows } from '../../../layers/inference/windows.ts';
import { sampleSource } from './sample-model.ts';

/** Reads four words and the two markers. `good` and `bad` count; a word of digits is so many tokens. */
function createWordClassifier(maxTokens = 6) {
  const asked: string[] = [];
  const countWords = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const countToken = (word: string) => (/^\d+$/.test(word) ? Number(word) : 1);
  const classifier: Classifier = {
    labels: ['negative', 'positive'],
    maxTokens,
    classify: async (text) => {
      asked.push(text);
      const odds = 2 ** (countWords(text, /good/g) - countWords(text, /bad/g));
      return { ...empty, probabilities: [1 / (1 + odds), odds / (1 + odds)], tokens: maxTokens };
    },
    countTokens: async (texts) =>
      texts.map((text) => ({ tokens: countToken(text), unknown: text === 'unknown' ? 1 : 0 })),
    release: async () => undefined,
  };
  return { classifier, asked };
}

const empty: Classification = {
  probabilities: [],
  tokens: 0,
  unknown: 0,
  dropped: 0,
  stages: { tokenizeMs: 1, runMs: 2 },
};

it('classifies a text that one run reads as it is', async () => {
  const { classifier, asked } = createWordClassifier();
  const answer = await classifyWindows(classifier, ' good  good bad 😀 ');
  expect(asked).toEqual([' good  good bad 😀 ']);
  expect(answer.windows).toEqual([{ start: 1, end: 17, label: 'positive', score: 2 / 3 }]);
  expect(answer).toMatchObject(await classifier.classify(' good  good bad 😀 '));
});

it.each(['', ' \n'])('classifies %j', async (text) => {
  const { classifier } = createWordClassifier();
  expect((await classifyWindows(classifier, text)).windows).toMatchObject([{ start: 0, end: 0 }]);
});

it('splits between words into overlapping windows at even distances', async () => {
  const { classifier, asked } = createWordClassifier();
  const { windows } = await classifyWindows(classifier, 'a b c d e f g h i j k');
  expect(asked).toEqual(['a b c d', 'd e f g', 'f g h i', 'h i j k']);
  expect(windows.map(({ start, end }) => [start, end])).toEqual([
    [0, 7],
    [6, 13],
    [10, 17],
    [14, 21],
  ]);
});

it('counts offsets in code points', async () => {
  const { classifier } = createWordClassifier();
  const { windows } = await classifyWindows(classifier, '😀 good 😀 good bad bad');
  expect(windows.map(({ start, end, label }) => ({ start, end, label }))).toEqual([
    { start: 0, end: 13, label: 'positive' },
    { start: 7, end: 21, label: 'negative' },
  ]);
});

it('combines the windows by the mean of their logits', async () => {
  const { classifier } = createWordClassifier();
  // Three windows, with odds of 2^4, 2^2 and 2^-1.
  const { probabilities } = await classifyWindows(classifier, 'good good good good x x x bad');
  const odds = 2 ** ((4 + 2 - 1) / 3);
  expect(probabilities[1]).toBeCloseTo(odds / (1 + odds), 12);
  expect((probabilities[0] ?? 0) + (probabilities[1] ?? 0)).toBeCloseTo(1, 12);
});

it('counts the tokens of the whole text once, and adds the times up', async () => {
  const { classifier, asked } = createWordClassifier();
  const answer = await classifyWindows(classifier, 'a unknown c d unknown f g h');
  expect(answer).toMatchObject({ tokens: 10, unknown: 2, dropped: 0 });
  expect(answer.stages).toEqual({ tokenizeMs: asked.length, runMs: asked.length * 2 });
});

it.each([
  ['of one token', 'x '.repeat(40)],
  ['of different lengths', '3 1 1 2 1 4 1 1 3 2 4 4 1 1'],
  ['of which one is longer than a window', '1 1 1 9 1 1 1 1'],
])('leaves no word out, for words %s', async (_, text) => {
  const { classifier } = createWordClassifier();
  const { windows } = await classifyWindows(classifier, text);
  const read = new Set(windows.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)));
  const unread = [...text].flatMap((character, at) => (character === ' ' || read.has(at) ? [] : [at]));
  expect(unread).toEqual([]);
});

it('refuses a text of more than 64 windows before the model runs', async () => {
  const { classifier, asked } = createWordClassifier();
  const most = await classifyWindows(classifier, 'x '.repeat(3 * 64 + 1));
  expect(most.windows).toHaveLength(64);
  asked.length = 0;
  await expect(classifyWindows(classifier, 'x '.repeat(3 * 64 + 2))).rejects.toThrow(
    'the text takes more than 64 windows; send it in parts',
  );
  await expect(classifyWindows(classifier, 'x '.repeat(12), 2)).rejects.toThrow('more than 2 windows');
  await expect(classifyWindows(classifier, 'x '.repeat(100_000))).rejects.toThrow('more than 64 windows');
  expect(asked).toEqual([]);
});

it('fails with the first run that fails', async () => {
  const { classifier } = createWordClassifier();
  const failing = { ...classifier, classify: () => Promise.reject(new Error('the worker is gone')) };
  await expect(classifyWindows(failing, 'x '.repeat(40))).rejects.toThrow('the worker is gone');
});

it('reads the end of a long review with the sample model', async () => {
  const classifier = await loadClassifier(sampleSource(), { threads: 1 });
  const filler = 'She told us what the room looks like and where the shop is. ';
  const text = `${filler.repeat(40)}${'What an awful, boring, terrible film. I hated it. '.repeat(40)}`;
  const cut = await classifier.classify(text);
  const answer = await classifyWindows(classifier, text);
  const negative = classifier.labels.indexOf('negative');
  expect(cut.dropped).toBeGreaterThan(0);
  expect(answer.dropped).toBe(0);
  expect(answer.tokens).toBe(cut.tokens + cut.dropped);
  expect(answer.windows.at(-1)).toMatchObject({ end: text.trimEnd().length, label: 'negative' });
  expect(answer.probabilities[negative]).toBeGreaterThan(cut.probabilities[negative] ?? 1);
  await classifier.release();
});
