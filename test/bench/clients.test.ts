import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ask,
  loadByClients,
  loadBySchedule,
  loadForSeconds,
  scheduleEvenly,
  scheduleRandomly,
} from '../../bench/clients.ts';
import { createRandom } from '../../bench/texts.ts';

/** A server that answers after 20 ms. It counts the requests that wait at the same time. */
async function startServer(status = 200) {
  let waiting = 0;
  const seen = { most: 0, sentences: [] as (string | null)[] };
  const server = createServer((request, response) => {
    waiting += 1;
    seen.most = Math.max(seen.most, waiting);
    seen.sentences.push(new URL(request.url ?? '', 'http://localhost').searchParams.get('sentence'));
    setTimeout(() => {
      waiting -= 1;
      response.writeHead(status).end('{}');
    }, 20);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { seen, address: `http://127.0.0.1:${port}`, close: () => server.close() };
}

test('the given number of clients ask at the same time, until all requests are answered', async () => {
  const { seen, address, close } = await startServer();
  const { replies } = await loadByClients(address, 3, ['a b', 'c'], 8);
  close();
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(seen.most).toBe(3);
  expect(new Set(seen.sentences)).toEqual(new Set(['a b', 'c']));
});

test('on a schedule, a request does not wait for the answer to the request before', async () => {
  const { seen, address, close } = await startServer();
  const { replies } = await loadBySchedule(address, [0, 0, 0, 0], ['a']);
  close();
  expect(replies).toHaveLength(4);
  expect(seen.most).toBe(4);
});

test('clients ask again for some time, also after a refusal', async () => {
  const { seen, address, close } = await startServer(503);
  const { replies } = await loadForSeconds(address, 2, ['a'], { measured: 0.3 });
  close();
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
  expect(replies.length).toBeGreaterThan(2);
  expect(seen.most).toBe(2);
});

test('answers that come while connections open do not count', async () => {
  const { seen, address, close } = await startServer();
  const { replies, seconds } = await loadForSeconds(address, 2, ['a'], { opening: 0.2, measured: 0.2 });
  close();
  expect(replies.length).toBeGreaterThan(0);
  expect(replies.length).toBeLessThan(seen.sentences.length - 2);
  expect(seconds).toBe(0.2);
});

test('a refusal is a reply with its status; a missing server is a reply with status 0', async () => {
  const { address, close } = await startServer(503);
  expect(await ask(address)).toMatchObject({ status: 503 });
  close();
  expect(await ask('http://127.0.0.1:1')).toMatchObject({ status: 0 });
});

test('requests at even intervals and at random times have the same rate', () => {
  expect(scheduleEvenly(50, 3)).toEqual([0, 20, 40]);
  const times = scheduleRandomly(50, 20_000, createRandom(1));
  expect((times.at(-1) ?? 0) / times.length).toBeCloseTo(20, 0);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});
