import { explain } from '../../../layers/inference/explanation.ts';
import { type Classification, type Classifier, loadClassifier } from '../../../layers/inference/index.ts';
import { sampleSource } from './sample-model.ts';

const labels = ['negative', 'positive'];
const stages = { tokenizeMs: 0, runMs: 0 };

/** Adds up the log-odds of positive: `good` +1, `bad` −1, and `not` turns what follows around. A text has −0.5. */
function createOddsClassifier(maxTokens = 100) {
  const asked: string[] = [];
  const classify = async (text: string): Promise<Classification> => {
    asked.push(text);
    const value = (word: string) => Number(word === 'good') - Number(word === 'bad');
    const words = text.split(' ').slice(0, maxTokens - 2);
    const odds = words.reduce((sum, word, at) => sum + (words[at - 1] === 'not' ? -1 : 1) * value(word), -0.5);
    const positive = 1 / (1 + Math.exp(-odds));
    return { probabilities: [1 - positive, positive], tokens: words.length + 2, unknown: 0, dropped: 0, stages };
  };
  const classifier: Classifier = {
    labels,
    maxTokens,
    classify,
    countTokens: async (texts) => texts.map(() => ({ tokens: 1, unknown: 0 })),
    release: async () => undefined,
  };
  return { classifier, asked };
}

/** Explains the likelier label of a text. */
async function explainAnswer(classifier: Classifier, text: string, windows = false) {
  const { probabilities } = await classifier.classify(text);
  const score = Math.max(...probabilities);
  const label = classifier.labels[probabilities.lastIndexOf(score)] ?? '';
  const explanation = await explain(classifier, text, { label, score, windows });
  const points = [...text];
  const weights = explanation.words.map(
    ({ start, end, weight }) => [points.slice(start, end).join(''), weight] as const,
  );
  return { ...explanation, label, score, weights, weightOf: new Map(weights) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

it('gives each word its contribution, with the sign of the answered label', async () => {
  const { classifier } = createOddsClassifier();
  const positive = await explainAnswer(classifier, 'a good book , good but bad');
  expect(positive.label).toBe('positive');
  expect(positive.baseline).toBeCloseTo(1 / (1 + Math.exp(0.5)), 12);
  expect(positive.weightOf.get('good')).toBeGreaterThan(0.05);
  expect(positive.weightOf.get('bad')).toBeLessThan(-0.05);
  expect(positive.weightOf.get('book')).toBeCloseTo(0, 12);
  const negative = await explainAnswer(classifier, 'bad bad bad good');
  expect(negative.label).toBe('negative');
  expect(negative.weightOf.get('bad')).toBeGreaterThan(0.05);
  expect(negative.weightOf.get('good')).toBeLessThan(-0.05);
});

it('sees what a word does to its neighbours', async () => {
  const { classifier } = createOddsClassifier();
  const { label, weightOf } = await explainAnswer(classifier, 'this is not good');
  expect(label).toBe('negative');
  expect(weightOf.get('not')).toBeGreaterThan(0.05);
});

it.each([
  'a good book',
  'a bad book , good',
  'bad good bad good',
  'nothing is said here',
  'good',
  '',
  ' \n',
  `${'good bad x '.repeat(30)}bad`,
])('gives weights that sum to score − baseline: %j', async (text) => {
  const { classifier } = createOddsClassifier();
  const { baseline, score, words } = await explainAnswer(classifier, text);
  const total = sum(words.map(({ weight }) => weight));
  expect(total).toBeCloseTo(words.length === 0 ? 0 : score - baseline, 9);
});

it('spreads a difference that no word accounts for', async () => {
  const { classifier } = createOddsClassifier();
  const { words } = await explain(classifier, 'x x', { label: 'positive', score: 0.9, windows: false });
  expect(words[0]?.weight).toBe(words[1]?.weight);
  expect(words[0]?.weight).toBeGreaterThan(0);
});

it('asks few and short texts', async () => {
  const { classifier, asked } = createOddsClassifier();
  await explain(classifier, 'good x bad x x x x '.repeat(5), { label: 'positive', score: 0.5, windows: false });
  expect(asked.length).toBeLessThanOrEqual(35 + 18 + 7);
  expect(Math.max(...asked.map((text) => text.split(' ').length))).toBeLessThanOrEqual(7);
});

it('leaves out the words that one run does not read, unless the answer is of all windows', async () => {
  const { classifier } = createOddsClassifier(10);
  const text = `good ${'x '.repeat(20)}bad`;
  expect((await explainAnswer(classifier, text)).words).toHaveLength(8);
  expect((await explainAnswer(classifier, text, true)).words).toHaveLength(22);
});

it('gives several words one weight where there are very many', async () => {
  const { classifier } = createOddsClassifier(5000);
  const { words } = await explainAnswer(classifier, 'good x '.repeat(500));
  expect(words).toHaveLength(500);
  expect(words[1]).toMatchObject({ start: 7, end: 13 });
});

describe('with the sample model', () => {
  let classifier: Classifier;

  beforeAll(async () => {
    classifier = await loadClassifier(sampleSource(), { threads: 1 });
  });
  afterAll(() => classifier.release());

  it('finds the words that say it', async () => {
    const text = '😀 The room was clean, but the food was absolutely terrible and the waiter was rude.';
    const { label, score, baseline, weights } = await explainAnswer(classifier, text);
    expect(label).toBe('negative');
    const [strongest] = weights.toSorted(([, one], [, other]) => other - one);
    expect(['terrible', 'rude']).toContain(strongest?.[0]);
    expect(sum(weights.map(([, weight]) => weight))).toBeCloseTo(score - baseline, 9);
  });

  it('gives the same weights every time', async () => {
    const [one, other] = [
      await explainAnswer(classifier, 'Not bad at all!'),
      await explainAnswer(classifier, 'Not bad at all!'),
    ];
    expect(one).toEqual(other);
  });
});
