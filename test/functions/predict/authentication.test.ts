import { ApiError } from '../../../functions/predict/errors.ts';
import type { FindKey } from '../../../functions/predict/keys.ts';
import { createTinyService, type TinyService } from './tiny-service.ts';
import { writeTinyStore } from './tiny-store.ts';

const findKey: FindKey = async (key) => {
  if (key === 'broken') throw new ApiError('KEYS_UNAVAILABLE');
  return key === 'sb_1-._~+/=' ? 'anna' : undefined;
};

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore(), findKey);
  await service.models.current();
});
afterAll(() => service.release());

const ask = (path: string, headers: Readonly<Record<string, string>> = {}) => service.app.request(path, { headers });
const predict = (headers: Readonly<Record<string, string>>) => ask('/predict?sentence=good', headers);

it.each<[string, Readonly<Record<string, string>>]>([
  ['Authorization: Bearer', { Authorization: 'Bearer sb_1-._~+/=' }],
  ['Authorization: bearer', { Authorization: 'bearer  sb_1-._~+/=' }],
  ['X-Api-Key', { 'X-Api-Key': 'sb_1-._~+/=' }],
  ['X-Api-Key beside the credentials of a proxy', { 'X-Api-Key': 'sb_1-._~+/=', Authorization: 'Basic YTpi' }],
])('answers a request with its key in %s, and names the key in the log line', async (_what, headers) => {
  expect((await predict(headers)).status).toBe(200);
  expect(service.lines.at(-1)).toMatchObject({ message: 'request', status: 200, key: 'anna' });
});

it('lets caches give an answer only to callers with the same key', async () => {
  const { headers } = await predict({ 'X-Api-Key': 'sb_1-._~+/=' });
  expect([headers.get('Cache-Control'), headers.get('Vary')]).toEqual([
    expect.stringMatching(/^private/),
    'Authorization, X-Api-Key',
  ]);
});

it.each<[string, Readonly<Record<string, string>>, string, string]>([
  ['no key', {}, 'KEY_MISSING', 'Bearer realm="serverless-bert"'],
  ['an empty key', { 'X-Api-Key': '' }, 'KEY_MISSING', 'Bearer realm="serverless-bert"'],
  ['another scheme', { Authorization: 'Basic YTpi' }, 'KEY_MISSING', 'Bearer realm="serverless-bert"'],
  ['an unknown key', { 'X-Api-Key': 'x' }, 'KEY_UNKNOWN', 'Bearer realm="serverless-bert", error="invalid_token"'],
  [
    'an unknown token',
    { Authorization: 'Bearer x' },
    'KEY_UNKNOWN',
    'Bearer realm="serverless-bert", error="invalid_token"',
  ],
])('answers 401 in the shape of all errors to %s', async (_what, headers, code, challenge) => {
  const response = await predict(headers);
  expect(response.status).toBe(401);
  expect(response.headers.get('WWW-Authenticate')).toBe(challenge);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(await response.json()).toEqual({ error: { code, message: expect.stringMatching(/^[A-Z].+\.$/) } });
});

it('answers 503 with Retry-After while the keys cannot be read', async () => {
  const response = await predict({ 'X-Api-Key': 'broken' });
  expect(response.status).toBe(503);
  expect(response.headers.get('Retry-After')).toBe('5');
});

it.each(['/health', '/openapi.json'])('answers %s without a key', async (path) => {
  expect((await ask(path)).status).toBe(200);
});

it.each(['/model', '/metrics', '/nothing', '//health', '/health/predict', '/assets/../predict', '/PREDICT'])(
  'asks for a key at %s',
  async (path) => {
    expect((await ask(path)).status).toBe(401);
  },
);

it('logs no key', async () => {
  await predict({ Authorization: 'Bearer secret-of-nobody' });
  expect(JSON.stringify(service.lines)).not.toMatch(/secret-of-nobody|sb_1/);
});
