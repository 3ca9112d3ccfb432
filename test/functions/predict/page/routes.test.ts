import { readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createApp } from '../../../../functions/predict/app.ts';
import { createHandler } from '../../../../functions/predict/handler.ts';
import { createModelProvider } from '../../../../layers/prediction/index.ts';
import { buildCommands } from '../../../local/built-commands.ts';
import { createEvent, lambdaContext } from '../http-event.ts';
import { createRecord } from '../tiny-service.ts';

const built = buildCommands();

const { log } = createRecord();
/** The page needs no model. */
const models = createModelProvider(async () => {
  throw new Error('there is no model');
});
const app = createApp({ models, log, pageFolder: built.path('page') });
const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const open = (path: string, headers: Readonly<Record<string, string>> = html) => app.request(path, { headers });
const readDocument = async (path: string) => (await open(path)).text();
const readBytes = async (response: Response | Promise<Response>) => Buffer.from(await (await response).arrayBuffer());
const listAssets = (text: string) => [...text.matchAll(/"(assets\/[^"]+)"/g)].map(([, name = '']) => name);

describe.each(['/', '/docs'])('the document at %s', (path) => {
  it('is HTML that names only assets of this service, all of which exist', async () => {
    const response = await open(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    const text = await response.text();
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    const assets = listAssets(text);
    expect(assets.length).toBeGreaterThan(2);
    for (const name of assets) expect([name, (await open(`/${name}`)).status]).toEqual([name, 200]);
  });

  it('has a policy that allows nothing inline and nothing from elsewhere, and needs nothing more', async () => {
    const response = await open(path);
    const policy = response.headers.get('Content-Security-Policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await response.text()).not.toMatch(/<style|<script(?![^>]*src=)|style="|\son[a-z]+="/);
  });

  it('is asked for again by its ETag', async () => {
    const tag = (await open(path)).headers.get('ETag') ?? '';
    const again = await open(path, { ...html, 'If-None-Match': tag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('Cache-Control')).toBe('no-cache');
  });

  it('answers HEAD without a body', async () => {
    const response = await app.request(path, { method: 'HEAD', headers: html });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('an asset', () => {
  it('may be kept forever', async () => {
    const [name = ''] = listAssets(await readDocument('/'));
    expect((await open(`/${name}`)).headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
  });

  it('comes packed only to a caller that takes gzip', async () => {
    for (const name of listAssets(await readDocument('/'))) {
      const plain = await open(`/${name}`, { 'Accept-Encoding': 'identity' });
      const packed = await open(`/${name}`, { 'Accept-Encoding': 'br, gzip' });
      expect([plain.headers.get('Content-Encoding'), packed.headers.get('Content-Encoding')]).toEqual([null, 'gzip']);
      expect(gunzipSync(await readBytes(packed)).equals(await readBytes(plain))).toBe(true);
    }
  });

  it.each([
    '/assets/none-ABCDEFGH.js',
    '/assets/index.html',
    '/assets/..%2Findex.html',
    '/assets/%2e%2e/index.html',
    '/assets/',
    '/assets/main.js',
    `/assets/${'x'.repeat(2000)}-ABCDEFGH.js`,
  ])('is not %s', async (path) => {
    const response = await open(path);
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'ROUTE_UNKNOWN' } }]);
  });
});

it('on Lambda the packed bytes go out in base64', async () => {
  const { statusCode, headers, body, isBase64Encoded } = await createHandler(app, createRecord())(
    createEvent({ path: '/', headers: { accept: html.Accept } }),
    lambdaContext,
  );
  expect([statusCode, isBase64Encoded, headers?.['content-encoding']]).toEqual([200, true, 'gzip']);
  expect(gunzipSync(Buffer.from(body, 'base64')).toString()).toBe(await readDocument('/'));
});

it('programs that ask for JSON at / are told the addresses, as without a page', async () => {
  for (const accept of ['application/json', '*/*', '']) expect((await open('/', { Accept: accept })).status).toBe(404);
});

it('without a folder there is no page', async () => {
  const plain = createApp({ models, log });
  const [name = ''] = listAssets(await readDocument('/'));
  for (const path of ['/', '/docs', `/${name}`])
    expect((await plain.request(path, { headers: html })).status).toBe(404);
});

it('the page is at most 60 kB in all, unpacked', async () => {
  const text = await readDocument('/');
  const assets = await Promise.all(listAssets(text).map(async (name) => (await readBytes(open(`/${name}`))).length));
  expect(assets.reduce((sum, bytes) => sum + bytes, text.length)).toBeLessThanOrEqual(60_000);
});

it('the build leaves no other files in the folder of the page', () => {
  const names = readdirSync(built.path('page'), { recursive: true, encoding: 'utf8' });
  const expected = /^assets$|^(index|docs)\.html\.gz$|^assets\/[a-z-]+-[A-Z0-9]{8}\.(js|css|svg)\.gz$/;
  expect(names.filter((name) => !expected.test(name))).toEqual([]);
});
