import type { Answer } from '../../../functions/predict/answer-schema.ts';
import { createApp } from '../../../functions/predict/app.ts';
import { createRecord, createTinyService, type TinyService } from './tiny-service.ts';
import { writeTinyStore } from './tiny-store.ts';

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  await service.models.current();
});
afterAll(() => service.release());

const json = 'application/json';
const post = (body: string | Uint8Array<ArrayBuffer>, type: string = json, headers: Record<string, string> = {}) =>
  service.app.request('/predict', { method: 'POST', headers: { 'Content-Type': type, ...headers }, body });

const expectError = async (
  response: Response | Promise<Response>,
  status: number,
  code: string,
  message = /^[A-Z].+\.$/,
) =>
  expect([(await response).status, await (await response).json()]).toEqual([
    status,
    { error: { code, message: expect.stringMatching(message) } },
  ]);

/** A body that comes in chunks, without a length. */
const stream = (chunk: Uint8Array, count: number) => {
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => (sent++ < count ? controller.enqueue(chunk) : controller.close()),
  });
};
const postStream = (body: ReadableStream) =>
  service.app.request('/predict', {
    method: 'POST',
    headers: { 'Content-Type': json },
    body,
    duplex: 'half',
  } as RequestInit);

describe('a JSON body of another shape is refused with 400, and the message names the field', () => {
  it.each([
    ['{}', /^The field "inputs" is missing: give a text or a list of texts\.$/],
    ['null', /^The body is null: give an object with "inputs"\.$/],
    ['["good"]', /^The body is a list: /],
    ['{"inputs": []}', /^The field "inputs" is an empty list: give at least one text\.$/],
    ['{"inputs": null}', /^The field "inputs" is null: /],
    ['{"inputs": 5}', /^The field "inputs" is a number: /],
    ['{"inputs": {"text": "good"}}', /^The field "inputs" is an object: /],
    ['{"inputs": ["good", ["bad"]]}', /^The field "inputs\[1\]" is a list: give a text\.$/],
    ['{"inputs": [null, "good", 7]}', /"inputs\[0\]" is null.*"inputs\[2\]" is a number/],
    ['{"inputs": [0,0,0,0,0,0,0]}', /"inputs\[4\]".* And 2 more\.$/],
    ['{"inputs": "good", "top_k": 2}', /^The body has "top_k", which is no field of this service: leave it out\.$/],
    ['{"inputs": "good", "__proto__": 2}', /^The body has "__proto__"/],
    ['{"inputs": "good", "parameters": {"Long": "cut"}}', /^The field "parameters" has "Long"/],
    ['{"inputs": "good", "parameters": {"long": "all"}}', /"parameters.long" is "all": give "cut" or "windows"\.$/],
    ['{"inputs": "good", "parameters": {"explain": "true"}}', /"parameters.explain" is "true": give true or false\.$/],
    ['{"inputs": "good", "parameters": []}', /"parameters" is a list: give an object\.$/],
    ['{"inputs": 1, "x": 2, "parameters": {"long": 3}}', /"inputs".*"parameters.long".*"x"/],
    ['{"inputs": "\\ud83d"}', /^The field "inputs" holds half of a surrogate pair: /],
    ['{"inputs": ["good", "a\\ude00b"]}', /^The field "inputs\[1\]" holds half/],
    [
      '{"inputs": "good", "inputs": "bad"}',
      /^The body has a key more than once, "inputs" at line 1, column 20: give it once\.$/,
    ],
    ['{"inputs": "good", "in\\u0070uts": "good"}', /^The body has a key more than once/],
    ['{"inputs": "good", "parameters": {"long": "cut",\n "long": "cut"}}', /"long" at line 2, column 2/],
  ])('%s', (body, message) => expectError(post(body), 400, 'BODY_INVALID', message));
});

describe('a body that cannot be parsed is refused with 400, and the message says where', () => {
  it.each([
    ['', 'line 1, column 1'],
    ['{"inputs": "good"', 'line 1, column 18'],
    ['{"inputs": good}', 'line 1, column 12'],
    ['{"inputs":\n  "good",}', 'line 2, column 10'],
    ["{'inputs': 'good'}", 'line 1, column 2'],
    ['{"inputs": "good"} x', 'line 1, column 20'],
    ['{"inputs": "good" /* why */}', 'line 1, column 19'],
    ['inputs=good', 'line 1, column 1'],
  ])('%s', (body, place) =>
    expectError(post(body), 400, 'BODY_MALFORMED', new RegExp(`^The body is no JSON: .* ${place}\\.$`)),
  );

  it('bytes that are not UTF-8', () =>
    expectError(post(new Uint8Array([0x22, 0xff, 0x22])), 400, 'BODY_MALFORMED', /UTF-8/));

  it('levels without end', () => expectError(post('['.repeat(500_000)), 400, 'BODY_MALFORMED', /nested too deeply/));
});

describe('a media type', () => {
  it.each(['text/plain', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', 'application/jsonl'])(
    '%s is refused with 415',
    (type) => expectError(post('{"inputs": "good"}', type), 415, 'CONTENT_TYPE_UNSUPPORTED'),
  );

  it('is needed', () =>
    expectError(
      service.app.request('/predict', { method: 'POST', body: new Uint8Array([123, 125]) }),
      415,
      'CONTENT_TYPE_UNSUPPORTED',
    ));

  it('of a compressed body is refused', () =>
    expectError(post('{"inputs": "good"}', json, { 'Content-Encoding': 'gzip' }), 415, 'CONTENT_TYPE_UNSUPPORTED'));

  it.each(['application/json', 'Application/JSON ; Charset="UTF-8"', 'application/json;charset=utf8'])(
    '%s is accepted',
    async (type) => expect((await post('{"inputs": "good"}', type)).status).toBe(200),
  );
});

describe('the size of a body', () => {
  const fill = (bytes: number) => `{"inputs": "good"${' '.repeat(bytes - 18)}}`;

  it('may be 1 MiB and not one byte more', async () => {
    expect((await post(fill(1_048_576))).status).toBe(200);
    await expectError(post(fill(1_048_577)), 413, 'BODY_TOO_LARGE');
  });

  it('is bounded without a length, also if the body never ends', async () => {
    expect((await postStream(stream(Buffer.from(fill(1000)), 1))).status).toBe(200);
    await expectError(postStream(stream(Buffer.alloc(65_536, 32), 17)), 413, 'BODY_TOO_LARGE');
    await expectError(postStream(stream(Buffer.alloc(65_536, 32), Number.POSITIVE_INFINITY)), 413, 'BODY_TOO_LARGE');
  });

  it.each([1, 7, 4099, 100_000])('does not change what it says in parts of %i bytes', async (size) => {
    const bytes = Buffer.from(JSON.stringify({ inputs: [`book ${'good bad '.repeat(11_000)}`, 'good'] }));
    let at = 0;
    const parts = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.subarray(at, at + size));
        at += size;
      },
    });
    const whole = await post(bytes);
    expect(whole.status).toBe(200);
    expect(await (await postStream(parts)).json()).toEqual(await whole.json());
  });

  it('is waited for only so long', () => {
    const app = createApp({ models: service.models, log: createRecord().log, bodyTimeoutMs: 20 });
    const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
    const init = { method: 'POST', headers: { 'Content-Type': json }, body, duplex: 'half' };
    return expectError(Promise.resolve(app.request('/predict', init as RequestInit)), 408, 'REQUEST_TIMEOUT');
  });
});

describe('a form', () => {
  const form = 'application/x-www-form-urlencoded';

  it('is answered like GET', async () => {
    const response = await post('sentence=a+good%20book&long=cut&explain=false', form);
    expect(response.status).toBe(200);
    const { response: strings, ...rest } = (await response.json()) as Answer;
    const got = (await (await service.app.request('/predict?sentence=a+good+book')).json()) as Answer;
    expect({ ...strings, time_taken: '' }).toEqual({ ...got.response, time_taken: '' });
    expect(rest).toEqual({ ...got, response: undefined });
  });

  it('may be longer than an address', async () => {
    const response = await post(`sentence=${'good+'.repeat(15_000)}`, form);
    expect([response.status, await response.json()]).toMatchObject([200, { truncated: true }]);
  });

  it.each([
    ['', 400, 'SENTENCE_MISSING'],
    ['sentence=+', 400, 'SENTENCE_BLANK'],
    ['sentence=good&sentence=bad', 400, 'SENTENCE_REPEATED'],
    [`sentence=${'x'.repeat(100_001)}`, 413, 'SENTENCE_TOO_LONG'],
    ['sentence=good&long=all', 400, 'PARAMETER_INVALID'],
    ['sentence=good&submit=Send', 400, 'PARAMETER_INVALID'],
  ])('%.30s is refused with %d %s', (body, status, code) => expectError(post(body, form), status, code));
});
