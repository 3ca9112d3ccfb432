import fc from 'fast-check';
import { softmax } from '../../../layers/inference/classifier.ts';
import { InferenceError, loadClassifier, loadTokenizer } from '../../../layers/inference/index.ts';
import { samplePath } from './sample-model.ts';
import { writeTinyModel } from './tiny-model.ts';

const vocabulary = 30_522;
const cls = 101;
const good = 2204;

/** Only [CLS] and `good` have logits other than zero. */
function createTable(labels = 2): number[][] {
  const table = Array.from({ length: vocabulary }, () => Array<number>(labels).fill(0));
  table[cls] = [3, ...Array<number>(labels - 1).fill(0)];
  table[good] = [0, ...Array<number>(labels - 1).fill(12)];
  return table;
}

async function tinySource(table = createTable()) {
  const modelPath = await writeTinyModel({ input_ids: table });
  const labels = ['negative', 'positive'];
  return { modelPath, tokenizerPath: samplePath('tokenizer.json'), labels, maxTokens: 6, temperature: 2 };
}

const one = { threads: 1 };

it('answers with a probability per label, temperature applied, and counts tokens', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  const { probabilities, tokens, dropped } = await classifier.classify('good');
  // Logits are the mean of three tokens: [1, 4].
  expect(probabilities[1]).toBeCloseTo(1 / (1 + Math.exp(-3 / 2)), 6);
  expect({ tokens, dropped, labels: classifier.labels }).toEqual({
    tokens: 3,
    dropped: 0,
    labels: ['negative', 'positive'],
  });
  await classifier.release();
});

it('uses a tokenizer that was loaded ahead, and rejects with its error', async () => {
  const source = { ...(await tinySource()), tokenizerPath: 'not read again' };
  const tokenizer = loadTokenizer(samplePath('tokenizer.json'), 6);
  const classifier = await loadClassifier(source, { ...one, tokenizer });
  expect(await classifier.classify('good')).toMatchObject({ tokens: 3 });
  await classifier.release();
  const failed = Promise.reject(new InferenceError('read ahead in vain'));
  await expect(loadClassifier(source, { ...one, tokenizer: failed })).rejects.toThrow('read ahead in vain');
});

it('reports the stages of loading and of an answer', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  const { stages } = await classifier.classify('good');
  for (const ms of [...Object.values(stages), ...Object.values(classifier.loadStages ?? {})])
    expect(ms).toBeGreaterThan(0);
  expect(Object.keys(classifier.loadStages ?? {})).toEqual(['sessionMs', 'firstRunMs']);
  await classifier.release();
});

it('drops and counts the tokens that the model does not read', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  const { probabilities, tokens } = await classifier.classify('bad bad bad bad');
  expect(await classifier.classify('bad bad bad bad good good')).toMatchObject({ probabilities, tokens, dropped: 2 });
  await classifier.release();
});

it('gives each of many concurrent texts the answer that it gets alone', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  const texts = ['good', '', 'bad', 'good good', 'a good book'];
  const together = await Promise.all(texts.map((text) => classifier.classify(text)));
  for (const [index, text] of texts.entries()) {
    const { probabilities, tokens } = await classifier.classify(text);
    expect(together[index]).toMatchObject({ probabilities, tokens });
  }
  await classifier.release();
});

it('refuses a model whose logits are not one per label', async () => {
  const source = await tinySource(createTable(3));
  await expect(loadClassifier(source, one)).rejects.toThrow(/model\.onnx gives 3 logits for 2 labels/);
});

it('classifies into three classes, in the order of the labels', async () => {
  const labels = ['positive', 'negative', 'neutral'];
  const classifier = await loadClassifier({ ...(await tinySource(createTable(3))), labels }, one);
  // Logits are the mean of three tokens: [1, 4, 4].
  const { probabilities } = await classifier.classify('good');
  const sum = 1 + 2 * Math.exp(3 / 2);
  expect(probabilities.map((value) => value * sum)).toEqual([
    expect.closeTo(1, 6),
    expect.closeTo(Math.exp(3 / 2), 6),
    expect.closeTo(Math.exp(3 / 2), 6),
  ]);
  await classifier.release();
});

it('counts the tokens that are unknown', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  expect(await classifier.classify('good 𓀀')).toMatchObject({ tokens: 4, unknown: 1 });
  expect(await classifier.classify('good good good good 𓀀')).toMatchObject({ tokens: 6, unknown: 0, dropped: 1 });
  await classifier.release();
});

it('counts the tokens of texts, those that it would drop too', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  expect(classifier.maxTokens).toBe(6);
  expect(await classifier.countTokens(['good', '', 'good 𓀀', 'bad bad bad bad good good'])).toEqual([
    { tokens: 1, unknown: 0 },
    { tokens: 0, unknown: 0 },
    { tokens: 2, unknown: 1 },
    { tokens: 6, unknown: 0 },
  ]);
  await classifier.release();
});

it('refuses logits that are not finite', async () => {
  const table = createTable();
  table[cls] = [Number.NaN, 0];
  await expect(loadClassifier(await tinySource(table), one)).rejects.toThrow(/logits that are not finite/);
});

it('names the file that is missing', async () => {
  const source = await tinySource();
  await expect(loadClassifier({ ...source, tokenizerPath: 'gone.json' }, one)).rejects.toThrow(
    /the tokenizer gone\.json/,
  );
  await expect(loadClassifier({ ...source, modelPath: 'gone.onnx' }, one)).rejects.toThrow(InferenceError);
});

it('rejects with an InferenceError after its release', async () => {
  const classifier = await loadClassifier(await tinySource(), one);
  await classifier.release();
  await expect(classifier.classify('good')).rejects.toThrow(InferenceError);
});

describe('softmax', () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

  it('gives equal logits equal probabilities', () => {
    expect(softmax([3, 3], 1.3)).toEqual([0.5, 0.5]);
  });

  it('is the logistic function of the difference for two labels', () => {
    expect(softmax([-1, 2], 1.5)[1]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });

  it('makes answers less sure as the temperature rises', () => {
    expect(softmax([0, 2], 2)[1]).toBeLessThan(softmax([0, 2], 1)[1] ?? 0);
  });

  it('sums to one and keeps the order of the logits, however large they are', () => {
    const check = ([first, second]: [number, number], temperature: number) => {
      const [low = Number.NaN, high = Number.NaN] = softmax([first, second], temperature);
      expect(low + high).toBeCloseTo(1, 9);
      expect(Math.sign(high - low)).toBe(Math.sign(high - low) === 0 ? 0 : Math.sign(second - first));
    };
    fc.assert(fc.property(fc.tuple(finite, finite), fc.double({ min: 0.05, max: 20, noNaN: true }), check));
  });
});
