import { gunzipSync } from 'node:zlib';
import { createApp } from '../../functions/predict/app.ts';
import { addMiddleware } from '../../local/middleware.ts';
import { createRecord, createTinyService, type TinyService } from '../functions/predict/tiny-service.ts';
import { writeTinyStore } from '../functions/predict/tiny-store.ts';

let service: TinyService;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
});
afterAll(() => service.release());

const create = (origins: readonly string[] = []) =>
  addMiddleware(createApp({ models: service.models, log: createRecord().log }), { origins });

const page = 'https://page.example';
const createRequest = (path: string, init: RequestInit = {}, origin = page) =>
  new Request(`http://localhost${path}`, { ...init, headers: { Origin: origin, ...init.headers } });

it('lets no page of another origin read an answer by default', async () => {
  const response = await create().fetch(createRequest('/predict?sentence=good'));
  expect(response.status).toBe(200);
  expect(response.headers.has('Access-Control-Allow-Origin')).toBe(false);
});

it.each([
  [['*'], '*'],
  [[page, 'https://other.example'], page],
])('lets pages of %j read the answers and their headers', async (origins, allowed) => {
  const response = await create(origins).fetch(createRequest('/predict?sentence='));
  expect(response.status).toBe(400);
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe(allowed);
  expect(response.headers.get('Access-Control-Expose-Headers')).toContain('X-Model-Version');
});

it('answers the question of a browser before a POST of a page, and not of another page', async () => {
  const headers = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' };
  const ask = (origin: string) =>
    create([page]).fetch(createRequest('/predict', { method: 'OPTIONS', headers }, origin));
  const { status, headers: answer } = await ask(page);
  expect(status).toBe(204);
  expect(answer.get('Access-Control-Allow-Origin')).toBe(page);
  expect(answer.get('Access-Control-Allow-Methods')).toContain('POST');
  expect(answer.get('Access-Control-Allow-Headers')).toBe('content-type');
  expect((await ask('https://other.example')).headers.has('Access-Control-Allow-Origin')).toBe(false);
});

it('compresses the answer to a list for a client that takes gzip, and no short answer', async () => {
  const ask = async (inputs: readonly string[], encoding: string) => {
    const headers = { 'Content-Type': 'application/json', 'Accept-Encoding': encoding };
    const body = JSON.stringify({ inputs });
    const response = await create().fetch(createRequest('/predict', { method: 'POST', headers, body }));
    const bytes = Buffer.from(await response.arrayBuffer());
    return { encoding: response.headers.get('Content-Encoding'), bytes };
  };
  const list = Array.from({ length: 50 }, (_, index) => `good ${index}`);
  const [plain, packed] = [await ask(list, 'identity'), await ask(list, 'gzip')];
  expect([plain.encoding, packed.encoding]).toEqual([null, 'gzip']);
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 4);
  expect((await ask(['good'], 'gzip')).encoding).toBeNull();
});
