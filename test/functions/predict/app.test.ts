import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from '../../../functions/predict/answer-schema.ts';
import { createApp } from '../../../functions/predict/app.ts';
import { ApiError, CallerGoneError } from '../../../functions/predict/errors.ts';
import { createModelProvider, type LoadedModel } from '../../../layers/prediction/index.ts';
import { createRecord, createTinyService, type TinyService } from './tiny-service.ts';
import { expectPositive, firstVersion, maxTokens, threeClasses, writeTinyStore } from './tiny-store.ts';

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  await service.models.current();
});
afterAll(() => service.release());

const ask = (path: string, init?: RequestInit) => service.app.request(path, init);
const predict = (sentence: string) => ask(`/predict?sentence=${encodeURIComponent(sentence)}`);

const read = async (response: Response): Promise<unknown> => response.json();
const readAnswer = async (response: Response | Promise<Response>) => (await read(await response)) as Answer;

const errorShape = (code: string) => ({ error: { code, message: expect.stringMatching(/^[A-Z].+\.$/) } });

describe('GET /predict', () => {
  it("answers in the tutorial's shape, with the new fields beside it", async () => {
    const response = await ask('/predict?sentence=this%20is%20the%20best%20book%20ever');
    expect(response.status).toBe(200);
    expect(await read(response)).toEqual({
      response: {
        positive: expect.stringMatching(/^0\.\d{1,8}$/),
        negative: expect.stringMatching(/^0\.\d{1,8}$/),
        sentence: 'this is the best book ever',
        time_taken: expect.stringMatching(/^\d+\.\d{3}$/),
      },
      label: 'positive',
      score: expect.any(Number),
      probabilities: { negative: expect.any(Number), positive: expect.any(Number) },
      model: firstVersion,
      tokens: 8,
      unknown: 0,
      truncated: false,
      reliable: true,
    });
  });

  it('gives the probabilities that are computed by hand', async () => {
    const { response } = await readAnswer(predict('a good bad good book'));
    const positive = expectPositive({ good: 2, bad: 1, tokens: 7 });
    expect(Number(response.positive)).toBeCloseTo(positive, 6);
    expect(Number(response.negative)).toBeCloseTo(1 - positive, 6);
  });

  it('names the likeliest class, and gives its probabilities as numbers with the digits of the strings', async () => {
    const { response, label, score, probabilities } = await readAnswer(predict('a bad book'));
    expect(label).toBe('negative');
    expect(score).toBe(probabilities.negative);
    expect(Object.keys(probabilities)).toEqual(['negative', 'positive']);
    expect(probabilities.positive).toBe(Number(response.positive));
    expect(Number(probabilities.negative) + Number(probabilities.positive)).toBeCloseTo(1, 6);
  });

  it('counts the tokens that the model does not know, of those that it read', async () => {
    expect(await readAnswer(predict('good 😀 colour'))).toMatchObject({ tokens: 5, unknown: 2 });
    expect(await readAnswer(predict(`${'good '.repeat(50)}colour`))).toMatchObject({ unknown: 0, dropped: 21 });
  });

  it('echoes the sentence as it was sent', async () => {
    const sentence = '  good,\t"book"\n\u0085 😀 مرحبا \u0000 ';
    expect((await readAnswer(predict(sentence))).response.sentence).toBe(sentence);
  });

  it('reads + as a space and %2B as a plus', async () => {
    expect((await readAnswer(ask('/predict?sentence=good+%2B+bad'))).response.sentence).toBe('good + bad');
  });

  it('gives the number of tokens of a long text that it dropped', async () => {
    const answer = await readAnswer(predict('good '.repeat(1000)));
    expect(answer).toMatchObject({ tokens: maxTokens, truncated: true, dropped: 1002 - maxTokens });
  });

  it.each([
    ['/predict', 'SENTENCE_MISSING'],
    ['/predict?Sentence=good', 'SENTENCE_MISSING'],
    ['/predict?sentence', 'SENTENCE_BLANK'],
    ['/predict?sentence=', 'SENTENCE_BLANK'],
    ['/predict?sentence=%20%09%C2%85%E3%80%80+', 'SENTENCE_BLANK'],
    ['/predict?sentence=good&sentence=bad', 'SENTENCE_REPEATED'],
    ['/predict?sentence=good&%73entence=good', 'SENTENCE_REPEATED'],
  ])('rejects %s with 400 and a code for the reason', async (path, code) => {
    const response = await ask(path);
    expect(response.status).toBe(400);
    expect(await read(response)).toEqual(errorShape(code));
  });

  it.each([
    ['long=all', /^The parameter "long" is "all": give "cut" or "windows" once\.$/],
    ['long=cut&long=windows', /"long" is a list/],
    ['explain=yes&long=all', /"long" is "all".*"explain" is "yes": give "true" or "false" once\.$/],
  ])('names all parameters of %s that have a value they do not take', async (query, message) => {
    const response = await ask(`/predict?sentence=good&${query}`);
    expect(response.status).toBe(400);
    expect(await read(response)).toEqual({
      error: { code: 'PARAMETER_INVALID', message: expect.stringMatching(message) },
    });
  });

  it('takes long and explain', async () => {
    expect((await ask('/predict?sentence=good&long=windows&explain=true')).status).toBe(200);
  });

  it('accepts 100,000 characters, counts an emoji as one, and rejects one more with 413', async () => {
    expect((await predict('😀'.repeat(100_000))).status).toBe(200);
    const response = await predict('😀'.repeat(100_001));
    expect(response.status).toBe(413);
    expect(await read(response)).toEqual(errorShape('SENTENCE_TOO_LONG'));
    expect((await predict('x'.repeat(300_000))).status).toBe(413);
  });

  it.each(['%', '%zz', '%ED%A0%80', '%00', '%F0%9F%98%80%F0%9F', '%E2%80%AE%D7%A9'])(
    'answers the unusual bytes %s',
    async (bytes) => {
      expect((await ask(`/predict?sentence=${bytes}`)).status).toBe(200);
    },
  );

  it('answers HEAD as GET, without a body', async () => {
    const response = await ask('/predict?sentence=good', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).toMatch(/^W\//);
    expect(await response.text()).toBe('');
  });
});

describe('a model of three classes', () => {
  let three: TinyService;
  beforeAll(async () => {
    three = createTinyService(await writeTinyStore(undefined, threeClasses));
  });
  afterAll(() => three.release());
  const predictOfThree = (sentence: string) =>
    readAnswer(three.app.request(`/predict?sentence=${encodeURIComponent(sentence)}`));

  it('answers with the likeliest of three, and weighs only positive and negative in the strings', async () => {
    // Six tokens, each word adds 9 to the sum of its class: logits 1.5 for positive, 3 for neutral, 0 for negative.
    const { response, label, score, probabilities, ...beside } = await predictOfThree('the the good book');
    const [positive, neutral, negative] = [Math.exp(1.5), Math.exp(3), 1];
    const sum = positive + neutral + negative;
    expect(label).toBe('neutral');
    expect(score).toBe(probabilities.neutral);
    expect(Object.keys(probabilities)).toEqual(threeClasses);
    expect(probabilities.positive).toBeCloseTo(positive / sum, 6);
    expect(probabilities.neutral).toBeCloseTo(neutral / sum, 6);
    expect(probabilities.negative).toBeCloseTo(negative / sum, 6);
    expect(Number(response.positive)).toBeCloseTo(positive / (positive + negative), 6);
    expect(Number(response.negative)).toBeCloseTo(negative / (positive + negative), 6);
    expect(beside).toEqual({ model: firstVersion, tokens: 6, unknown: 0, truncated: false, reliable: true });
  });

  it('names positive and negative as well', async () => {
    expect(await predictOfThree('good')).toMatchObject({ label: 'positive' });
    expect(await predictOfThree('bad')).toMatchObject({ label: 'negative' });
  });

  it('shows the figures of its classes and behaviours', async () => {
    const ofClass = { rows: 30, precision: 0.7, recall: 0.8, f1: 0.75 };
    expect(await read(await three.app.request('/model'))).toMatchObject({
      labels: threeClasses,
      metrics: {
        rows: 100,
        accuracy: 0.75,
        macroF1: 0.75,
        classes: { positive: ofClass, neutral: ofClass, negative: ofClass },
        polar: { rows: 60, accuracy: 0.9 },
        behaviours: [{ name: 'near negation', cases: 200, failed: 0.031 }],
      },
    });
  });

  it('logs the class', async () => {
    await predictOfThree('the');
    expect(three.lines.at(-1)).toMatchObject({ message: 'request', label: 'neutral', unknown: 0 });
  });
});

describe('caching', () => {
  it('has a weak tag of version and sentence and allows private caching for a minute', async () => {
    const { headers } = await predict('good');
    expect(headers.get('etag')).toMatch(/^W\/"[^"]+"$/);
    expect(headers.get('cache-control')).toBe('private, max-age=60');
    expect(headers.get('x-model-version')).toBe(firstVersion);
    expect((await predict('bad')).headers.get('etag')).not.toBe(headers.get('etag'));
  });

  it('answers 304 to a caller that has the answer already', async () => {
    const tag = (await predict('good')).headers.get('etag') ?? '';
    const response = await ask('/predict?sentence=good', { headers: { 'If-None-Match': `"x", ${tag}` } });
    expect(response.status).toBe(304);
    expect(response.headers.get('etag')).toBe(tag);
    expect(response.headers.get('x-model-version')).toBe(firstVersion);
    expect(await response.text()).toBe('');
    const other = await ask('/predict?sentence=bad', { headers: { 'If-None-Match': tag } });
    expect(other.status).toBe(200);
    const explained = await ask('/predict?sentence=good&explain=true', { headers: { 'If-None-Match': tag } });
    expect(explained.status).toBe(200);
  });

  it('forbids caching of errors', async () => {
    const { headers } = await ask('/predict');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('etag')).toBeNull();
  });
});

describe('the other routes', () => {
  it('shows the public part of the manifest', async () => {
    const response = await ask('/model');
    expect(response.headers.get('x-model-version')).toBe(firstVersion);
    expect(await read(response)).toEqual({
      version: firstVersion,
      createdAt: '2026-01-01T00:00:00Z',
      labels: ['negative', 'positive'],
      maxTokens,
      precision: 'fp32',
      metrics: { rows: 100, accuracy: 0.9, f1: 0.91, auc: 0.95, ece: 0.01 },
    });
    const tag = response.headers.get('etag') ?? '';
    expect((await ask('/model', { headers: { 'If-None-Match': tag } })).status).toBe(304);
  });

  it('describes itself by the schemas that validate the requests', async () => {
    const parameters = [
      { name: 'sentence', in: 'query', required: true, schema: { maxLength: 100_000 } },
      { name: 'long', schema: { enum: ['cut', 'windows'] } },
      { name: 'explain' },
      { name: 'If-None-Match', in: 'header' },
    ];
    const code = { enum: expect.arrayContaining(['SENTENCE_MISSING', 'MODEL_UNAVAILABLE']) };
    expect(await read(await ask('/openapi.json'))).toMatchObject({
      paths: { '/predict': { get: { parameters }, post: {} }, '/model': {}, '/health': {} },
      components: { schemas: { Error: { properties: { error: { properties: { code } } } } } },
    });
  });

  it('take a slash at the end of an address', async () => {
    for (const path of ['/predict/?sentence=good', '/model/', '/health/', '/openapi.json/'])
      expect([path, (await ask(path)).status]).toEqual([path, 200]);
  });

  it.each(['/', '/Predict', '/predictions', '/%', '/%E0%A4%A', '/predict%2F'])(
    'answers 404 to %s in the common error shape',
    async (path) => {
      const response = await ask(path);
      expect(response.status).toBe(404);
      expect(await read(response)).toEqual(errorShape('ROUTE_UNKNOWN'));
    },
  );

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])(
    'answers 405 to %s and names the allowed methods',
    async (method) => {
      for (const path of ['/predict?sentence=good', '/model', '/health', '/openapi.json']) {
        const response = await ask(path, { method });
        expect(response.status).toBe(405);
        expect(response.headers.get('allow')).toBe(path.startsWith('/predict') ? 'GET, HEAD, POST' : 'GET, HEAD');
        expect(await read(response)).toEqual(errorShape('METHOD_NOT_ALLOWED'));
      }
    },
  );

  it('take POST only where there is something to post', async () => {
    for (const path of ['/model', '/health', '/openapi.json'])
      expect((await ask(path, { method: 'POST', body: '{}' })).status).toBe(405);
  });
});

describe('without a model', () => {
  it('answers 503 without internal details, stays alive, and recovers with the first request after the model is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'empty-store-'));
    const { app, lines, release } = createTinyService(folder);
    const response = await app.request('/predict?sentence=good');
    const body = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(JSON.parse(body)).toEqual(errorShape('MODEL_UNAVAILABLE'));
    expect(body).not.toContain(folder);
    expect((await app.request('/model')).status).toBe(503);
    expect(lines.filter(({ message }) => message === 'model not loaded')).toHaveLength(2);
    expect(JSON.stringify(lines)).toContain(`${folder}/current.json`);

    await writeTinyStore(folder);
    expect((await app.request('/predict?sentence=good')).status).toBe(200);
    expect(lines.filter(({ message }) => message === 'model loaded')).toHaveLength(1);
    await release();
    await rm(folder, { recursive: true });
  });

  it('is healthy and does not load a model for a health check', async () => {
    const { app, lines } = createTinyService('/no/such/folder');
    const response = await app.request('/health');
    expect(response.status).toBe(200);
    expect(await read(response)).toEqual({ status: 'ok' });
    expect(lines.map(({ message }) => message)).toEqual(['request']);
  });

  it('rejects bad input as it does with a model', async () => {
    const { app } = createTinyService('/no/such/folder');
    expect((await app.request('/predict')).status).toBe(400);
  });

  it('answers 503 when the model takes longer than the timeout', async () => {
    const { log } = createRecord();
    const models = createModelProvider(() => new Promise<LoadedModel>(() => undefined));
    const response = await createApp({ models, log, modelTimeoutMs: 5 }).request('/predict?sentence=good');
    expect(response.status).toBe(503);
  });
});

it('answers many first requests with one load', async () => {
  const { app, lines, release } = createTinyService(await writeTinyStore());
  const responses = await Promise.all(Array.from({ length: 50 }, () => app.request('/predict?sentence=good')));
  expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(lines.filter(({ message }) => message === 'model loaded')).toHaveLength(1);
  await release();
});

it('hides the details of an internal failure and logs them under the request id of the answer', async () => {
  const { app, models, lines } = createTinyService(await writeTinyStore());
  // A released session fails like a broken one.
  await (await models.current()).classifier.release();
  const response = await app.request('/predict?sentence=good');
  expect(response.status).toBe(500);
  expect(await read(response)).toEqual(errorShape('INTERNAL'));
  expect(response.headers.get('etag')).toBeNull();
  const failure = lines.find(({ message }) => message === 'request failed');
  expect(failure).toMatchObject({
    requestId: response.headers.get('x-request-id'),
    error: { name: 'InferenceError', message: expect.stringContaining('model.onnx'), stack: expect.any(String) },
  });
});

it('logs one line per request, without the text', async () => {
  const { app, lines, release } = createTinyService(await writeTinyStore());
  await app.request('/predict?sentence=confidential+good');
  await app.request('/confidential?sentence=good');
  const [first, second] = lines.filter(({ message }) => message === 'request');
  expect(first).toMatchObject({ method: 'GET', route: '/predict', status: 200, modelVersion: firstVersion, tokens: 4 });
  expect(second).toMatchObject({ status: 404, code: 'ROUTE_UNKNOWN' });
  expect(JSON.stringify(lines)).not.toContain('confidential');
  await release();
});

describe('with a classifier whose texts take turns', () => {
  /** A service whose classifier fails with this error. */
  async function startFailing(error: Error) {
    const loaded = await service.models.current();
    const fail = async () => Promise.reject(error);
    const forRequest = () => ({ ...loaded.classifier, classify: fail, release: async () => undefined });
    const models = createModelProvider(async () => ({ ...loaded, classifier: { ...loaded.classifier, forRequest } }));
    const { lines, log } = createRecord();
    return { app: createApp({ models, log }), lines };
  }

  it('logs a request whose caller has gone as no failure', async () => {
    const { app, lines } = await startFailing(new CallerGoneError());
    await app.request('/predict?sentence=good');
    expect(lines).toEqual([expect.objectContaining({ level: 'info', message: 'request', status: 499 })]);
  });

  it('writes no line for a refusal, which the server counts', async () => {
    const { app, lines } = await startFailing(new ApiError('OVERLOADED'));
    expect((await app.request('/predict?sentence=good')).status).toBe(503);
    expect(lines).toEqual([]);
  });
});
