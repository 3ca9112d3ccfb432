import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { readChunks, watchForStall } from '../../../layers/model-store/stall-watch.ts';

const blockThread = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

it('ends a body that falls silent', async () => {
  const body = new Readable({ read: () => undefined });
  body.push('some bytes');
  const read = watchForStall({ stallMs: 40 }, async (watch) => {
    for await (const _ of readChunks(body, watch));
  });
  await expect(read).rejects.toMatchObject({ name: 'TransferError', message: 'no byte arrived for 0.04 s' });
  expect(body.destroyed).toBe(true);
});

it('does not take its own thread’s work for silence', async () => {
  const aborted = await watchForStall({ stallMs: 100 }, async ({ signal }) => {
    blockThread(200);
    await nextTurn();
    await nextTurn();
    return signal.aborted;
  });
  expect(aborted).toBe(false);
});

it('does not count the time that the reader takes', async () => {
  const chunks = await watchForStall({ stallMs: 40 }, async (watch) => {
    const seen: string[] = [];
    for await (const chunk of readChunks(Readable.from([Buffer.from('a'), Buffer.from('b')]), watch)) {
      await sleep(100);
      seen.push(chunk.toString());
    }
    return seen;
  });
  expect(chunks).toEqual(['a', 'b']);
});

it('passes on that the caller gives up', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const watched = watchForStall({ stallMs: 60_000, signal: controller.signal }, async ({ signal }) => {
    await once(signal, 'abort');
    throw signal.reason;
  });
  controller.abort(reason);
  await expect(watched).rejects.toBe(reason);
});
