import type { ListAnswer } from '../../../functions/predict/answer-schema.ts';
import { ApiError } from '../../../functions/predict/errors.ts';
import { predictList } from '../../../functions/predict/list.ts';
import type { LoadedModel } from '../../../layers/prediction/index.ts';
import { createTinyService, loadTiny, type TinyService } from './tiny-service.ts';
import { firstVersion, maxTokens, writeTinyStore } from './tiny-store.ts';

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  await service.models.current();
});
afterAll(() => service.release());

const json = { 'Content-Type': 'application/json' };
const post = (body: unknown) =>
  service.app.request('/predict', { method: 'POST', headers: json, body: JSON.stringify(body) });
const predict = async (inputs: unknown) => {
  const response = await post({ inputs });
  expect(response.status).toBe(200);
  const { results } = (await response.json()) as ListAnswer;
  return results;
};

describe('a list of texts', () => {
  it('is answered with numbers, in its order', async () => {
    const response = await post({ inputs: ['a good book', 'a bad book'], parameters: { long: 'cut', explain: false } });
    expect(response.headers.get('x-model-version')).toBe(firstVersion);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      model: firstVersion,
      results: ['positive', 'negative'].map((label) => ({
        label,
        score: expect.any(Number),
        probabilities: { negative: expect.any(Number), positive: expect.any(Number) },
        tokens: 5,
        unknown: 0,
        truncated: false,
        reliable: true,
      })),
    });
  });

  it('has the same answer as the text alone', async () => {
    const texts = ['good', 'bad '.repeat(100), 'a good bad book', '😀'];
    const alone = await Promise.all(texts.map(predict));
    expect(await predict(texts)).toEqual(alone.flat());
    expect(await predict('good')).toEqual(await predict(['good']));
  });

  it('says what was cut off', async () => {
    expect(await predict('good '.repeat(1000))).toMatchObject([{ tokens: maxTokens, dropped: 1002 - maxTokens }]);
  });

  it('has errors in the place of texts that cannot be classified', async () => {
    const results = await predict([' \t', 'good', 'x'.repeat(100_001), '']);
    expect(results).toMatchObject([
      { error: { code: 'SENTENCE_BLANK', message: expect.stringMatching(/^The sentence .*\.$/) } },
      { label: 'positive' },
      { error: { code: 'SENTENCE_TOO_LONG' } },
      { error: { code: 'SENTENCE_BLANK' } },
    ]);
  });

  it('takes 256 texts and refuses one more', async () => {
    expect(await predict(Array(256).fill('good'))).toHaveLength(256);
    const response = await post({ inputs: Array(257).fill('good') });
    expect([response.status, await response.json()]).toMatchObject([413, { error: { code: 'INPUTS_TOO_MANY' } }]);
  });

  it('is logged in one line, without its texts', async () => {
    await predict(['confidential good', 'bad', 'bad', ' ']);
    const line = service.lines.at(-1);
    expect(line).toMatchObject({ method: 'POST', route: '/predict', status: 200, texts: 3, failed: 1 });
    expect(line).toMatchObject({ labels: { positive: 1, negative: 1 }, tokens: 7, unknown: 1, truncated: false });
    expect(JSON.stringify(service.lines)).not.toContain('confidential');
  });

  it('has in its log line how many predictions cannot be relied on, by reason', async () => {
    await predict(['good', 'Das ist ein gutes Buch und ich mag es', 'Мне не понравилось']);
    expect(service.lines.at(-1)).toMatchObject({ texts: 3, unreliable: { language: 2 } });
  });
});

describe('the runs of a list', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny();
  });
  afterAll(() => model.classifier.release());

  /** The model, with a record of the texts that it ran and of how many it ran at the same time. */
  function watch(concurrency?: number) {
    const texts: string[] = [];
    let running = 0;
    const record = { texts, most: 0 };
    const classify = async (text: string) => {
      texts.push(text);
      running += 1;
      record.most = Math.max(record.most, running);
      return model.classifier.classify(text).finally(() => {
        running -= 1;
      });
    };
    const classifier = { ...model.classifier, classify, ...(concurrency && { concurrency }) };
    return { record, watched: { ...model, classifier } };
  }

  const request = (inputs: readonly string[]) => ({ inputs, parameters: { long: 'cut', explain: false } as const });
  const unlimited = { deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

  it('are one for equal texts', async () => {
    const { record, watched } = watch();
    const { results } = await predictList(watched, request(['good', 'bad', 'good', 'good']), unlimited);
    expect(record.texts).toEqual(['good', 'bad']);
    expect(results[2]).toEqual(results[0]);
  });

  it('are as many at the same time as the classifier works on', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `good ${index}`);
    for (const [concurrency, most] of [
      [undefined, 1],
      [3, 3],
    ] as const) {
      const { record, watched } = watch(concurrency);
      await predictList(watched, request(texts), unlimited);
      expect([record.most, record.texts.length]).toEqual([most, 20]);
    }
  });

  it('do not begin after the deadline', async () => {
    const { record, watched } = watch();
    const limits = { ...unlimited, deadline: performance.now() };
    const { results, late } = await predictList(watched, request(['good', '']), limits);
    expect(results).toMatchObject([{ error: { code: 'TIME_BUDGET' } }, { error: { code: 'SENTENCE_BLANK' } }]);
    expect([late, record.texts]).toEqual([true, []]);
  });

  it('are not waited for after the deadline', async () => {
    const never = { ...model.classifier, classify: () => new Promise<never>(() => undefined) };
    const limits = { ...unlimited, deadline: performance.now() + 20 };
    const { results } = await predictList({ ...model, classifier: never }, request(['good', 'bad']), limits);
    expect(results).toMatchObject(Array(2).fill({ error: { code: 'TIME_BUDGET' } }));
  });

  it('have an error in the place of one that crashes the model', async () => {
    const { classify } = model.classifier;
    const crash = async (text: string) => {
      if (text === 'bad') throw new ApiError('MODEL_CRASHED');
      return classify(text);
    };
    const crashing = { ...model, classifier: { ...model.classifier, classify: crash } };
    const { results, late } = await predictList(crashing, request(['good', 'bad', 'book']), unlimited);
    expect(results).toMatchObject([{ tokens: 3 }, { error: { code: 'MODEL_CRASHED' } }, { tokens: 3 }]);
    expect(late).toBe(false);
  });

  it('end when the caller is gone or a run fails', async () => {
    const { record, watched } = watch();
    await predictList(watched, request(['good', 'bad']), { ...unlimited, signal: AbortSignal.abort() });
    expect(record.texts).toEqual([]);
    const begun: string[] = [];
    const classify = async (text: string) => {
      begun.push(text);
      throw new Error('broken');
    };
    const broken = { ...model, classifier: { ...model.classifier, classify } };
    await expect(predictList(broken, request(['good', 'bad', 'book']), unlimited)).rejects.toThrow('broken');
    expect(begun).toEqual(['good']);
  });
});
