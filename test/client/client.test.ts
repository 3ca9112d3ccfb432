import { createHash, createHmac } from 'node:crypto';
import { createClient } from '../../client/client.ts';
import { chooseDelay, type Timing } from '../../client/retry.ts';
import { createTinyService, type TinyService } from '../functions/predict/tiny-service.ts';
import { firstVersion, writeTinyStore } from '../functions/predict/tiny-store.ts';

const url = 'http://service.example';

/** A clock that moves only by pauses, which are over at once. */
function createTiming() {
  const pauses: number[] = [];
  let time = 0;
  const timing: Timing = {
    now: () => time,
    random: () => 0.5,
    sleep: async (ms) => {
      pauses.push(ms);
      time += ms;
    },
  };
  return { timing, pauses };
}

/** Answers one request after the other with these responses, and keeps the requests. */
function answerWith(...responses: (() => Response)[]) {
  const requests: Request[] = [];
  const fetch = async (request: Request) => {
    requests.push(request);
    const next = responses[Math.min(requests.length, responses.length) - 1];
    if (!next) throw new TypeError('fetch failed');
    return next();
  };
  return { requests, fetch };
}

const refuse = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  Response.json({ error: { code: 'OVERLOADED', message: 'Too many.' } }, { status, headers });
const prediction = { label: 'positive', score: 0.9, probabilities: {}, tokens: 3, unknown: 0, truncated: false };
const answer = () => Response.json({ model: 'v1', results: [prediction] });

describe('a client of the service', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = createTinyService(await writeTinyStore(), async (key) => (key === 'sb_1' ? 'anna' : undefined));
  });
  afterAll(() => service.release());
  const connect = (key = 'sb_1') => createClient({ url, key, fetch: async (request) => service.app.fetch(request) });

  it('classifies a text', async () => {
    expect(await connect().predict('a good book')).toEqual({
      ok: true,
      model: firstVersion,
      value: expect.objectContaining({ label: 'positive', score: expect.any(Number), tokens: 5 }),
    });
  });

  it('classifies texts in their order, with an error in the place of one that is blank', async () => {
    const outcome = await connect().predict(['good', ' ', 'bad'], { long: 'windows' });
    expect(outcome).toMatchObject({
      ok: true,
      value: [{ label: 'positive' }, { error: { code: 'SENTENCE_BLANK' } }, { label: 'negative' }],
    });
  });

  it('gives the error of a single text as the error of the call', async () => {
    expect(await connect().predict(' ')).toMatchObject({ ok: false, error: { code: 'SENTENCE_BLANK' } });
  });

  it('describes the model', async () => {
    expect(await connect().model()).toMatchObject({ ok: true, model: firstVersion, value: { version: firstVersion } });
  });

  it('gives code, sentence, status and id of a refusal', async () => {
    expect(await connect().predict([])).toEqual({
      ok: false,
      error: {
        code: 'BODY_INVALID',
        message: expect.stringContaining('inputs'),
        status: 400,
        requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      },
    });
    expect(await connect('sb_2').predict('good')).toMatchObject({ error: { code: 'KEY_UNKNOWN', status: 401 } });
  });
});

describe('a request that is refused for the moment', () => {
  it('is sent again, not earlier than Retry-After asks for', async () => {
    const { timing, pauses } = createTiming();
    const { requests, fetch } = answerWith(
      () => refuse(503, { 'Retry-After': '2' }),
      () => refuse(429),
      answer,
    );
    expect(await createClient({ url, fetch }, timing).predict('good')).toMatchObject({ ok: true, model: 'v1' });
    expect(pauses).toEqual([2500, 250]);
    expect(await Promise.all(requests.map((request) => request.text()))).toEqual(
      Array(3).fill('{"inputs":"good","parameters":{}}'),
    );
  });

  it('is given up with the last refusal when the next attempt would be too late', async () => {
    const { timing, pauses } = createTiming();
    const { requests, fetch } = answerWith(() => refuse(503, { 'Retry-After': '2' }));
    const outcome = await createClient({ url, fetch, deadlineMs: 6000 }, timing).predict('good');
    expect(outcome).toMatchObject({ ok: false, error: { code: 'OVERLOADED', status: 503 } });
    expect([requests.length, pauses.length]).toEqual([3, 2]);
  });

  it('ends at once when the caller aborts it during a pause', async () => {
    const stopping = new AbortController();
    const { fetch } = answerWith(() => {
      setImmediate(() => stopping.abort());
      return refuse(503, { 'Retry-After': '20' });
    });
    const outcome = await createClient({ url, fetch }).predict('good', { signal: stopping.signal });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'ABORTED' } });
  });

  it.each([
    ['seconds', '3', 0, 1, 4500],
    ['a date that is over', 'Sat, 01 Jan 2000 00:00:00 GMT', 0, 1, 0],
    ['nothing', undefined, 3, 1, 2000],
    ['nothing, for the tenth time', undefined, 9, 1, 8000],
    ['what cannot be read', 'soon', 0, 0, 0],
  ])('waits by Retry-After with %s', (_what, header, attempt, random, ms) => {
    const response = new Response(null, header === undefined ? {} : { headers: { 'Retry-After': header } });
    expect(chooseDelay(response, attempt, () => random)).toBe(ms);
  });
});

describe('a call without an answer of the service', () => {
  it.each<[string, () => Response, object]>([
    [
      'API Gateway, which refuses it',
      () => Response.json({ message: 'Forbidden' }, { status: 403, headers: { 'Apigw-Requestid': 'R1' } }),
      { code: 'ANSWER_UNKNOWN', status: 403, requestId: 'R1', message: expect.stringContaining('Forbidden') },
    ],
    ['a proxy', () => new Response('<html>', { status: 502 }), { code: 'ANSWER_UNKNOWN', status: 502 }],
    ['a page', () => new Response('<html>'), { code: 'ANSWER_UNKNOWN', message: 'The answer is no JSON.' }],
    ['nothing', () => new Response(''), { code: 'ANSWER_UNKNOWN', status: 200 }],
    [
      'no network',
      () => {
        throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
      },
      { code: 'NETWORK_FAILED', message: 'The service cannot be reached: connect ECONNREFUSED.' },
    ],
  ])('has an error: %s', async (_what, respond, error) => {
    const outcome = await createClient({ url, fetch: answerWith(respond).fetch }).predict('good');
    expect(outcome).toEqual({ ok: false, error: expect.objectContaining(error) });
  });

  it('ends at its deadline', async () => {
    const fetch = (request: Request) =>
      new Promise<Response>((_resolve, reject) => {
        const timer = setTimeout(reject, 60_000);
        request.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(request.signal.reason);
        });
      });
    const outcome = await createClient({ url, fetch }).predict('good', { deadlineMs: 10 });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'DEADLINE_EXCEEDED' } });
  });
});

describe('a signed request', () => {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

  /** The signature that API Gateway expects of a request: Signature Version 4. */
  async function expectSignature(request: Request, secret: string): Promise<string> {
    const { pathname, host } = new URL(request.url);
    const [, scope = '', names = ''] =
      /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+)/.exec(request.headers.get('Authorization') ?? '') ?? [];
    const headers = names.split(';').map((name) => `${name}:${name === 'host' ? host : request.headers.get(name)}\n`);
    const canonical = [request.method, pathname, '', headers.join(''), names, hash(await request.text())].join('\n');
    const text = ['AWS4-HMAC-SHA256', request.headers.get('X-Amz-Date'), scope, hash(canonical)].join('\n');
    return hmac(scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`), text).toString('hex');
  }

  it('carries the signature of its body and its session, and each attempt a new one', async () => {
    const { timing } = createTiming();
    const { requests, fetch } = answerWith(() => refuse(503), answer);
    const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken: 'session' });
    const client = createClient({ url, fetch, aws: { region: 'eu-central-1', credentials } }, timing);
    expect(await client.predict('good')).toMatchObject({ ok: true });
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      const { headers } = request.clone();
      expect(headers.get('X-Amz-Security-Token')).toBe('session');
      expect(headers.get('Authorization')).toContain('/eu-central-1/execute-api/aws4_request');
      expect(headers.get('Authorization')).toContain(`Signature=${await expectSignature(request, 'secret')}`);
    }
  });
});

it('names every option that cannot be used', () => {
  const aws = { region: 'eu-central-1', credentials: { accessKeyId: '', secretAccessKey: '' } };
  expect(() => createClient({ url: 'localhost:5000', key: 'k', aws, deadlineMs: 0 })).toThrow(
    /url is "localhost:5000".+key and aws are both given.+deadlineMs is 0/,
  );
});
