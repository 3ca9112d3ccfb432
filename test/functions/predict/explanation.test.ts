import type { Answer, ListAnswer, Result } from '../../../functions/predict/answer-schema.ts';
import { createTinyService, type TinyService } from './tiny-service.ts';
import { maxTokens, writeTinyStore } from './tiny-store.ts';

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  await service.models.current();
});
afterAll(() => service.release());

type Parameters = { readonly long?: 'cut' | 'windows'; readonly explain?: boolean };

/** What is in the place of a text that was classified. */
type Prediction = Exclude<Result, { readonly error: unknown }>;

async function post(inputs: string | readonly string[], parameters: Parameters = {}) {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ inputs, parameters });
  const response = await service.app.request('/predict', { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  return ((await response.json()) as ListAnswer).results;
}

async function predict(text: string, parameters: Parameters = {}): Promise<Prediction> {
  const [result] = await post(text, parameters);
  if (!result || 'error' in result) throw new Error(`no prediction: ${JSON.stringify(result)}`);
  return result;
}

const get = (sentence: string, query: string) =>
  service.app.request(`/predict?sentence=${encodeURIComponent(sentence)}&${query}`);

/** Three windows: the good is where a cut text is not read. */
const longText = `${'bad '.repeat(20)}${'the best good book '.repeat(15)}`;

describe('long: windows', () => {
  it('reads all of a text, and says what each window answers', async () => {
    const cut = await predict(longText);
    expect(cut).toMatchObject({ label: 'negative', truncated: true });
    expect(cut.windows).toBeUndefined();
    const { label, score, probabilities, windows = [], ...rest } = await predict(longText, { long: 'windows' });
    expect(label).toBe('positive');
    expect(score).toBe(probabilities.positive);
    expect(rest).toEqual({ tokens: 82, unknown: 0, truncated: false, reliable: true });
    expect(windows).toHaveLength(3);
    expect(windows[0]).toMatchObject({ start: 0, label: 'negative', score: expect.any(Number) });
    expect(windows.at(-1)).toMatchObject({ end: longText.trimEnd().length, label: 'positive' });
  });

  it('answers a text that fits as it is, with its one window', async () => {
    const text = '😀 a good book';
    const { windows, ...prediction } = await predict(text, { long: 'windows' });
    expect(prediction).toEqual(await predict(text));
    expect(windows).toEqual([{ start: 0, end: 13, label: prediction.label, score: prediction.score }]);
  });

  it('has an error in the place of a text of more than 64 windows', async () => {
    const tooLong = 'good '.repeat(64 * maxTokens);
    const [error, prediction] = await post([tooLong, 'good'], { long: 'windows' });
    expect(error).toMatchObject({ error: { code: 'WINDOWS_TOO_MANY', message: expect.stringMatching(/64 windows/) } });
    expect(prediction).toMatchObject({ label: 'positive' });
    const response = await get(tooLong, 'long=windows');
    expect([response.status, await response.json()]).toMatchObject([413, { error: { code: 'WINDOWS_TOO_MANY' } }]);
  });

  it('explains up to 8 windows', async () => {
    const nine = 'good '.repeat(8 * maxTokens);
    expect(await predict(nine, { long: 'windows' })).toMatchObject({ label: 'positive' });
    expect(await post(nine, { long: 'windows', explain: true })).toMatchObject([
      { error: { code: 'WINDOWS_TOO_MANY', message: expect.stringMatching(/8 with explain/) } },
    ]);
  });
});

describe('explain', () => {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

  it.each([
    ['a good book is the best', {}],
    ['a bad bad book', {}],
    [longText, {}],
    [longText, { long: 'windows' }],
  ] as const)('gives weights that sum to score − baseline: %.30s %j', async (text, parameters) => {
    const { score, explanation } = await predict(text, { ...parameters, explain: true });
    const { baseline, words } = explanation ?? { baseline: Number.NaN, words: [] };
    expect(baseline).toBeCloseTo(0.5, 6);
    expect(sum(words.map(({ weight }) => weight))).toBeCloseTo(score - baseline, 9);
  });

  it('weighs the words that speak for and against the label', async () => {
    const { label, explanation } = await predict('😀 good good , bad', { explain: true });
    expect(label).toBe('positive');
    const words = explanation?.words ?? [];
    expect(words.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [2, 6],
      [7, 11],
      [12, 13],
      [14, 17],
    ]);
    const weights = words.map(({ weight }) => weight);
    expect(weights[1]).toBeGreaterThan(0.1);
    expect(weights[4]).toBeLessThan(-0.1);
  });
});

describe('reliable', () => {
  it.each([
    ['this is a good book', { reliable: true }],
    ['Das ist ein gutes Buch und ich mag es', { reliable: false, reason: 'language' }],
    ['Мне не понравилось', { reliable: false, reason: 'language' }],
    ['this is unheard of, though not by everyone', { reliable: false, reason: 'unknown_tokens' }],
  ])('of %j is %j', async (text, expected) => {
    const prediction = await predict(text);
    expect({ reliable: prediction.reliable, ...(prediction.reason && { reason: prediction.reason }) }).toEqual(
      expected,
    );
    await get(text, '');
    const { reliable, reason } = service.lines.at(-1) as Record<string, unknown>;
    expect({ reliable, ...(reason !== undefined && { reason }) }).toEqual(expected);
  });
});

it('GET and a form give the same fields as JSON', async () => {
  const query = 'long=windows&explain=true';
  const body = new URLSearchParams(`sentence=${encodeURIComponent(longText)}&${query}`);
  const responses = [await get(longText, query), await service.app.request('/predict', { method: 'POST', body })];
  const prediction = await predict(longText, { long: 'windows', explain: true });
  for (const response of responses) {
    const { response: strings, model: _, ...fields } = (await response.json()) as Answer;
    expect(fields).toEqual(prediction);
    expect(Number(strings.positive)).toBe(prediction.score);
  }
});
