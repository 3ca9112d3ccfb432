import { readFileSync } from 'node:fs';
import { type Classifier, loadClassifier } from '../../../layers/inference/index.ts';
import { loadTokenizer } from '../../../layers/inference/tokenizer.ts';
import { samplePath, sampleSource } from './sample-model.ts';

/** See docs/model-artifact.md. */
interface GoldenCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly dropped: number;
  /** PyTorch's probabilities; `served` those of the published graph. */
  readonly reference: readonly number[];
  readonly served: readonly number[];
}

// As docs/model-artifact.md promises: the same ONNX file under two builds of ONNX Runtime.
const tolerance = 1e-5;
const cases: readonly GoldenCase[] = JSON.parse(readFileSync(samplePath('golden.json'), 'utf8')).cases;
const source = sampleSource();

it('covers at least 500 texts, some of them longer than the model reads', () => {
  expect(cases.length).toBeGreaterThanOrEqual(500);
  expect(cases.some(({ dropped }) => dropped > 0)).toBe(true);
});

it("reproduces Python's ids and dropped tokens exactly", async () => {
  const tokenize = await loadTokenizer(source.tokenizerPath, source.maxTokens);
  for (const { text, ids, dropped } of cases) expect({ text, ...tokenize(text) }).toEqual({ text, ids, dropped });
});

it("holds answers of the published graph that are PyTorch's within 0.05, but for one text in a hundred", () => {
  const gaps = cases.map(({ reference, served }) =>
    Math.max(...reference.map((value, index) => Math.abs(value - (served[index] ?? Number.NaN)))),
  );
  expect(gaps.filter((gap) => !(gap <= 0.05)).length).toBeLessThanOrEqual(cases.length / 100);
});

describe("Python's probabilities", () => {
  let classifier: Classifier;
  beforeAll(async () => {
    classifier = await loadClassifier(source, { threads: 2 });
  });
  afterAll(() => classifier.release());

  it('are reproduced within 1e-5', async () => {
    for (const { text, served, dropped } of cases) {
      const answer = await classifier.classify(text);
      const far = answer.probabilities.filter(
        (value, index) => !(Math.abs(value - (served[index] ?? Number.NaN)) <= tolerance),
      );
      expect({ text, far, dropped: answer.dropped, labels: answer.probabilities.length }).toEqual({
        text,
        far: [],
        dropped,
        labels: served.length,
      });
    }
  }, 300_000);
});
