import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createAdmission } from '../../local/admission.ts';
import { type RunningServer, startServer } from '../../local/http-server.ts';
import { createRecord, createTinyService, type TinyService } from '../functions/predict/tiny-service.ts';
import { writeTinyStore } from '../functions/predict/tiny-store.ts';

let service: TinyService;
let server: RunningServer;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  server = await startServer(service.app, { port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await server.close();
  await service.release();
});

/** Sends bytes unchanged and returns the status and the body of the answer. */
async function send(bytes: string | Buffer) {
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.write(bytes);
  await once(socket, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body === '' ? undefined : JSON.parse(body) };
}

const createRequest = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

it('answers over HTTP', async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/predict?sentence=good`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ response: { sentence: 'good' } });
});

it('reads a request of nearly 64 KiB', async () => {
  const { status, body } = await send(createRequest(`/predict?sentence=${'good+'.repeat(13_000)}`));
  expect(status).toBe(200);
  expect(body).toMatchObject({ truncated: true });
});

it.each([66_000, 100_001, 300_000])(
  'answers a request of %i bytes with 413 in the shape of all errors',
  async (size) => {
    const { status, body } = await send(createRequest(`/predict?sentence=${'x'.repeat(size)}`));
    expect(status).toBe(413);
    expect(body).toMatchObject({ error: { code: 'REQUEST_TOO_LARGE' } });
  },
);

it.each([
  ['no HTTP', 'GARBAGE\r\n\r\n'],
  ['a target that is not a path', createRequest('predict')],
  ['a backslash in the path', createRequest('/pre\\dict')],
  ['raw bytes in the target', Buffer.from(createRequest('/predict?sentence=\xff\x01'), 'latin1')],
  ['an invalid host', createRequest('/health').replace('localhost', 'a b')],
])('answers %s with 400 in the shape of all errors', async (_, bytes) => {
  expect(await send(bytes)).toMatchObject({ status: 400, body: { error: { code: 'REQUEST_MALFORMED' } } });
});

it('answers a client of HTTP/1.0, which has no Host header', async () => {
  expect(await send('GET /health HTTP/1.0\r\n\r\n')).toEqual({ status: 200, body: { status: 'ok' } });
});

it.each(['PUT', 'OPTIONS', 'TRACE', 'DELETE'])('answers %s with 405', async (method) => {
  const { status, body } = await send(createRequest('/predict?sentence=good').replace('GET', method));
  expect(status).toBe(405);
  expect(body).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } });
});

it.each(['BREW', 'get', 'M-SEARCH*'])('answers %s, which is no method of HTTP, with 501', async (method) => {
  expect(await send(createRequest('/health').replace('GET', method))).toMatchObject({
    status: 501,
    body: { error: { code: 'METHOD_UNKNOWN' } },
  });
});

it('reports in one sentence that a port is in use', async () => {
  await expect(startServer(service.app, { port: server.port, host: '127.0.0.1' })).rejects.toThrow(
    `Port ${server.port} is in use: choose another with --port, or stop what listens there.`,
  );
});

it('reports in one sentence that a host is not an address of this machine', async () => {
  await expect(startServer(service.app, { port: 0, host: '192.0.2.1' })).rejects.toThrow(/192\.0\.2\.1.*--host/);
});

it('answers on the addresses of IPv4 and IPv6 that localhost stands for', async () => {
  const twin = await startServer(service.app, { port: 0, host: 'localhost' });
  for (const address of ['127.0.0.1', '[::1]']) {
    expect((await fetch(`http://${address}:${twin.port}/health`)).status).toBe(200);
  }
  await twin.close();
});

it('says nothing of addresses that a proxy has seen', async () => {
  const headers = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Host': 'example.com', 'X-Forwarded-Proto': 'https' };
  const response = await fetch(`http://127.0.0.1:${server.port}/health`, { headers });
  expect([...response.headers].flat().join()).not.toMatch(/forwarded|example\.com|203\.0/i);
});

const backlogIsLong = () => process.platform === 'linux' && Number(readFileSync('/proc/sys/net/core/somaxconn')) > 1000;

(backlogIsLong() ? it : it.skip)('keeps the connections of many clients that come while it is busy', () => {
  const script = `
    let left = 1000;
    const connected = () => { if (--left === 0) process.exit(0); };
    for (let count = left; count > 0; count--) require('node:net').connect(${server.port}, '127.0.0.1', connected);
    setTimeout(() => process.exit(1), 100_000);`;
  // This process accepts nothing before the other one ends, so that all connections need a place.
  execFileSync(process.execPath, ['-e', script]);
});

describe('with as many requests as it takes on', () => {
  /** A server for one request at a time, whose application answers when the test lets it. */
  async function startBusy() {
    const admission = createAdmission({ capacity: 1, log: createRecord().log });
    const held: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const hold = ({ signal }: Request) => {
      signals.push(signal);
      return new Promise<Response>((resolve) => held.push(() => resolve(new Response('done'))));
    };
    const app = {
      fetch: (request: Request) => (request.url.includes('/predict') ? hold(request) : new Response('ok')),
    };
    const origins = ['https://page.example'];
    const busy = await startServer(app, { port: 0, host: '127.0.0.1', admission, origins });
    const url = `http://127.0.0.1:${busy.port}`;
    const waitFor = async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const first = fetch(`${url}/predict?sentence=first`);
    await waitFor(() => held.length === 1);
    return { admission, held, signals, busy, url, first, waitFor };
  }

  it('refuses one that waits too long, in the shape of all errors, and answers those that need no worker', async () => {
    const { admission, held, busy, url, first } = await startBusy();
    const headers = { Origin: 'https://page.example' };
    const refused = fetch(`${url}/predict`, { method: 'POST', body: '{}', headers });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const response = await refused;
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toMatch(/^[1-4]$/);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://page.example');
    expect(await response.json()).toMatchObject({ error: { code: 'OVERLOADED' } });
    expect(admission.counts()).toEqual({ admitted: 1, waiting: 0, refused: 1 });
    held[0]?.();
    expect((await first).status).toBe(200);
    await busy.close();
    expect(admission.counts().admitted).toBe(0);
  });

  it('tells the application that the client has gone', async () => {
    const { held, busy, signals, first, url, waitFor } = await startBusy();
    held[0]?.();
    await first;
    const gone = new AbortController();
    const aborted = fetch(`${url}/predict?sentence=gone`, { signal: gone.signal }).catch(() => 'aborted');
    await waitFor(() => held.length === 2);
    gone.abort();
    await waitFor(() => signals[1]?.aborted === true);
    held[1]?.();
    expect(await aborted).toBe('aborted');
    await busy.close();
  });

  it('makes no room when the client of a request goes whose text is in the queue', async () => {
    const { admission, held, busy, url, first, waitFor } = await startBusy();
    const gone = new AbortController();
    const aborted = fetch(`${url}/predict?sentence=gone`, { signal: gone.signal }).catch(() => 'aborted');
    await waitFor(() => admission.counts().waiting === 1);
    held[0]?.();
    await waitFor(() => held.length === 2);
    gone.abort();
    expect([await aborted, (await first).status]).toEqual(['aborted', 200]);
    const next = fetch(`${url}/predict?sentence=next`);
    await waitFor(() => admission.counts().waiting === 1);
    expect(held).toHaveLength(2);
    held[1]?.();
    await waitFor(() => held.length === 3);
    held[2]?.();
    expect((await next).status).toBe(200);
    await busy.close();
  });

  it('takes on the next one after an answer, and forgets one whose client has gone', async () => {
    const { admission, held, busy, url, first, waitFor } = await startBusy();
    const gone = new AbortController();
    const aborted = fetch(`${url}/predict?sentence=gone`, { signal: gone.signal }).catch(() => 'aborted');
    await waitFor(() => admission.counts().waiting === 1);
    gone.abort();
    await waitFor(() => admission.counts().waiting === 0);
    const next = fetch(`${url}/predict?sentence=next`);
    await waitFor(() => admission.counts().waiting === 1);
    held[0]?.();
    await waitFor(() => held.length === 2);
    held[1]?.();
    expect([await aborted, (await first).status, (await next).status]).toEqual(['aborted', 200, 200]);
    await busy.close();
  });
});
