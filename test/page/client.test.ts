// The packed client in Chromium, as a module of a page of another origin, against `npm start -- --cors`.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Browser, Page } from 'playwright-core';
import { packClient } from '../client/packed-client.ts';
import { type BuiltService, startBuiltService } from '../local/built-service.ts';
import { bad, good, openPage, startBrowser } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'browser-client-'));
let site: Server;
let origin: string;
let service: BuiltService;
let browser: Browser;
let page: Page;

/** Statuses with which the site answers the next requests for `/predict`, before it passes requests on to the service. */
let refusals: number[] = [];

/** Serves an empty page with the client as a module, and stands before the service as API Gateway does. */
async function startSite(module: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.url === '/client.js') return response.setHeader('Content-Type', 'text/javascript').end(module);
    if (request.url === '/')
      return response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>A page</title>');
    const [refusal, ...rest] = refusals;
    refusals = rest;
    if (refusal !== undefined)
      return response.writeHead(refusal, { 'Retry-After': '0' }).end('{"message":"Too Many Requests"}');
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${service.address}${request.url}`, {
      method: 'POST',
      headers,
      body: await text(request),
    });
    return response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  execFileSync('tar', ['--extract', '--file', packClient(folder), '--directory', folder]);
  site = await startSite(readFileSync(join(folder, 'package', 'dist', 'index.js'), 'utf8'));
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  service = await startBuiltService({ words: ['--cors', origin] });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  service?.stop();
  site?.closeAllConnections();
  site?.close();
});
beforeEach(async () => {
  ({ page } = await openPage(browser, `${origin}/`));
});
afterEach(() => page.context().close());

/** Runs statements in the page that return a value; `createClient` and `url` are in scope. */
const runInPage = (statements: string, url = service.address): Promise<unknown> =>
  page.evaluate(`import('/client.js').then(async ({ createClient }) => { const url = '${url}'; ${statements} })`);

it('classifies a text of a page of another origin', async () => {
  const outcome = await runInPage(`return createClient({ url }).predict(${JSON.stringify(good)}, { explain: true })`);
  expect(outcome).toMatchObject({
    ok: true,
    value: { label: 'positive', explanation: { words: expect.arrayContaining([expect.anything()]) } },
  });
});

it('classifies a list, in order, with an error in the place of a blank text, and describes the model', async () => {
  const inputs = JSON.stringify([good, ' ', bad]);
  expect(await runInPage(`return createClient({ url }).predict(${inputs}, { long: 'windows' })`)).toMatchObject({
    ok: true,
    value: [{ label: 'positive' }, { error: { code: 'SENTENCE_BLANK' } }, { label: 'negative' }],
  });
  expect(await runInPage('return createClient({ url }).model()')).toMatchObject({ value: { maxTokens: 512 } });
});

it('has code, status and id of a refusal, and knows of a service that is not there', async () => {
  expect(await runInPage('return createClient({ url }).predict([])')).toMatchObject({
    ok: false,
    error: { code: 'BODY_INVALID', status: 400, requestId: expect.stringMatching(/^[\da-f-]{36}$/) },
  });
  const failed = await runInPage(
    'return createClient({ url, deadlineMs: 5000 }).predict("good")',
    'http://127.0.0.1:9',
  );
  expect(failed).toMatchObject({ ok: false, error: { code: 'NETWORK_FAILED' } });
});

it('is kept from an origin that the service does not allow', async () => {
  const { page: other } = await openPage(browser, `${origin.replace('127.0.0.1', 'localhost')}/`);
  const outcome = await other.evaluate(
    `import('/client.js').then(({ createClient }) => createClient({ url: '${service.address}' }).predict('good'))`,
  );
  expect(outcome).toMatchObject({ ok: false, error: { code: 'NETWORK_FAILED' } });
  await other.context().close();
});

it('asks again after 429 and 503', async () => {
  refusals = [429, 503];
  expect(await runInPage('return createClient({ url }).predict("good")', origin)).toMatchObject({
    ok: true,
    value: { label: 'positive' },
  });
  expect(refusals).toEqual([]);
});

it("reads the service's own Retry-After, and is answered once there is a model", async () => {
  const store = join(folder, 'models');
  const bare = await startBuiltService({ words: ['--cors', origin], store });
  try {
    const refused = page.waitForResponse((response) => response.status() === 503);
    const started = performance.now();
    const outcome = runInPage('return createClient({ url }).predict("good")', bare.address);
    expect(await (await refused).headerValue('Retry-After')).toBe('5');
    cpSync('models/sample', `${store}-new`, { recursive: true });
    renameSync(`${store}-new`, store);
    expect(await outcome).toMatchObject({ ok: true, value: { label: 'positive' } });
    expect(performance.now() - started).toBeGreaterThan(5000);
  } finally {
    bare.stop();
  }
});

it('ends at once when its signal aborts', async () => {
  const outcome = await runInPage(`
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 50);
    return createClient({ url }).predict(Array.from({ length: 256 }, (_, index) => 'good '.repeat(500) + index), { signal: stopping.signal });
  `);
  expect(outcome).toMatchObject({ ok: false, error: { code: 'ABORTED' } });
});
