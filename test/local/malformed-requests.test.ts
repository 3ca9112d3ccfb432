// What `npm start` answers where Node would answer by itself, out of order or not at all. Found by `npm run fuzz -- socket`.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, startServer } from '../../local/http-server.ts';
import { exposeCollector } from '../campaigns/fuzz/memory.ts';
import { createTinyService, type TinyService } from '../functions/predict/tiny-service.ts';
import { writeTinyStore } from '../functions/predict/tiny-store.ts';

let service: TinyService;
let server: RunningServer;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  await service.models.current();
  server = await startServer(service.app, { port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await server.close();
  await service.release();
});

/** Sends bytes on one connection, each text as a write of its own after a pause, and returns all that comes back until it ends. */
async function sendSlowly(pause: () => Promise<unknown>, writes: readonly string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  for (const bytes of writes) {
    socket.write(bytes);
    await pause();
  }
  if (!socket.closed) await once(socket, 'close');
  return answer;
}

/** The same without a wait between writes. */
const send = (...writes: readonly string[]) => sendSlowly(nextTurn, writes);

/** Statuses of the answers in their order, and the codes of the errors among them. */
const summarize = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.1 (\d+)|"code":"(\w+)"/g)].map((found) => found[1] ?? found[2]);

const predict = 'GET /predict?sentence=good HTTP/1.1\r\nHost: x\r\n\r\n';

it.each([
  ['no HTTP', 'GARBAGE\r\n\r\n', ['400', 'REQUEST_MALFORMED']],
  ['a method that is none', 'BREW /health HTTP/1.1\r\nHost: x\r\n\r\n', ['501', 'METHOD_UNKNOWN']],
  ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', ['501', 'METHOD_UNKNOWN']],
])('refuses %s after the answers to the requests before it', async (_, bytes, refusal) => {
  expect(summarize(await send(predict + predict + bytes))).toEqual(['200', '200', ...refusal]);
  expect(summarize(await send(bytes))).toEqual(refusal);
});

it('closes the connection of a CONNECT that bytes follow, so that the server can stop', async () => {
  const stopping = await startServer(service.app, { port: 0, host: '127.0.0.1' });
  const socket = connect({ port: stopping.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(summarize(String(answer))).toEqual(['501', 'METHOD_UNKNOWN']);
  socket.end('bytes of a tunnel');
  await stopping.close();
});

it('refuses once, whatever follows', async () => {
  expect(summarize(await send(predict, 'GARBAGE\r\n', 'GARBAGE\r\n', 'GARBAGE\r\n'))).toEqual([
    '200',
    '400',
    'REQUEST_MALFORMED',
  ]);
});

it('refuses a body that cannot be read, after the answers before it and once', async () => {
  const head =
    'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  expect(summarize(await send(`${predict}${head}zz\r\n`))).toEqual(['200', '400', 'REQUEST_MALFORMED']);
});

it('refuses a request of HTTP/1.1 without a host in the shape of all errors', async () => {
  const answer = await send('GET /health HTTP/1.1\r\n\r\n');
  expect(summarize(answer)).toEqual(['400', 'REQUEST_MALFORMED']);
  expect(answer).toContain('Content-Type: application/json\r\n');
});

const form =
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 13\r\n';

it.each(['100-continue', 'something else'])(
  'answers requests that expect %s, one after the other',
  async (expected) => {
    const request = `${form}Expect: ${expected}\r\n\r\nsentence=good`;
    const last = request.replace('Expect', 'Connection: close\r\nExpect');
    const statuses = summarize(await send(request + last)).filter((status) => status !== '100');
    expect(statuses).toEqual(['200', '200']);
  },
);

it('never writes between the head and the body of an answer', async () => {
  const request = `${form.replace('x-www-form-urlencoded', 'x')}Expect: 100-continue\r\n\r\nsentence=good`;
  const answer = await send(request + request.replace('Expect', 'Connection: close\r\nExpect'));
  const bodies = [...answer.matchAll(/HTTP\/1\.1 415 [\s\S]*?\r\n\r\n(.)/g)].map(([, first]) => first);
  expect(bodies).toEqual(['{', '{']);
});

it('tells a client to send the body that it holds back', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`${form}Connection: close\r\nExpect: 100-continue\r\n\r\n`);
  const [first] = await once(socket, 'data');
  expect(summarize(String(first))).toEqual(['100']);
  socket.write('sentence=good');
  const [second] = await once(socket, 'data');
  expect(summarize(String(second))).toEqual(['200']);
});

it('takes a client that goes while it sends its body for gone, not for an error', async () => {
  const countGone = () => service.lines.filter(({ status }) => status === 499).length;
  const before = countGone();
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`${form}\r\nsent`);
  await once(socket, 'ready');
  await sleep(100);
  socket.resetAndDestroy();
  for (const deadline = Date.now() + 60_000; countGone() === before && Date.now() < deadline; ) await sleep(10);
  expect(countGone()).toBe(before + 1);
  expect(service.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

it('keeps no answers of connections that broke, also of those that waited behind another', async () => {
  const collect = exposeCollector();
  const answers: WeakRef<object>[] = [];
  const fetch = async (_request: Request, { outgoing }: { readonly outgoing: object }) => {
    answers.push(new WeakRef(outgoing));
    await sleep(20);
    return new Response('late');
  };
  const late = await startServer({ fetch: fetch as never }, { port: 0, host: '127.0.0.1' });
  for (let connections = 0; connections < 20; connections += 1) {
    const socket = connect(late.port, '127.0.0.1');
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    for (const before = answers.length; answers.length < before + 3; ) await nextTurn();
    socket.resetAndDestroy();
  }
  const countKept = () => answers.filter((answer) => answer.deref() !== undefined).length;
  for (const deadline = Date.now() + 60_000; countKept() > 5 && Date.now() < deadline; collect()) await sleep(20);
  expect(answers).toHaveLength(60);
  expect(countKept()).toBeLessThanOrEqual(5);
  await late.close();
});

describe('a body that is refused', () => {
  const size = 2 * 1024 * 1024;
  const head = (type: string) =>
    `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${size}\r\n\r\n`;
  const last = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

  it.each([
    ['too large', 'application/json', ['413', 'BODY_TOO_LARGE']],
    ['of another type', 'text/plain', ['415', 'CONTENT_TYPE_UNSUPPORTED']],
  ])('is read to its end when it is %s, so that the next request is answered', async (_, type, refusal) => {
    const answer = await sendSlowly(() => sleep(700), [head(type) + 'x'.repeat(size - 1), `x${last}`]);
    expect(summarize(answer)).toEqual([...refusal, '200']);
    expect(answer.split('\r\n\r\n')[0]).toContain('Connection: keep-alive');
  });

  it('closes the connection when it does not end, and says so', async () => {
    const answer = await send(`${head('application/json')}x`);
    expect(summarize(answer)).toEqual(['413', 'BODY_TOO_LARGE']);
    expect(answer.toLowerCase()).toContain('connection: close\r\n');
  });
});
