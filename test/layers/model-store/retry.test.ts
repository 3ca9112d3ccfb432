import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import {
  defaultRetryPolicy,
  delayAfter,
  type FailureKind,
  readChunks,
  retry,
  withStallTimeout,
} from '../../../layers/model-store/retry.ts';

const policy = { ...defaultRetryPolicy, firstDelayMs: 1, longestDelayMs: 1 };

it('waits twice as long after each failure, up to a limit', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((failures) => delayAfter(failures, defaultRetryPolicy, () => 1));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
});

it('waits at random between half of the delay and all of it', () => {
  expect(delayAfter(3, defaultRetryPolicy, () => 0)).toBe(200);
  expect(delayAfter(3, defaultRetryPolicy, () => 0.5)).toBe(300);
});

it('notices a silent connection within five seconds', () => {
  expect(defaultRetryPolicy.stallMs).toBeLessThan(5000);
});

/** Fails with these kinds in turn, and then succeeds. */
function createAttempt(kinds: readonly FailureKind[]) {
  let tries = 0;
  const attempt = async () => {
    const kind = kinds[tries++];
    if (kind !== undefined) throw kind;
    return 'done';
  };
  const classify = (error: unknown) => error as FailureKind;
  return { run: (signal?: AbortSignal) => retry(attempt, { policy, classify, signal }), tries: () => tries };
}

it.each([
  [['transient', 'transient', 'transient', 'transient'], 'done', 5],
  [['transient', 'transient', 'transient', 'transient', 'transient'], 'transient', 5],
  [['damaged', 'transient', 'transient'], 'done', 4],
  [['transient', 'damaged', 'damaged'], 'damaged', 3],
  [['transient', 'final'], 'final', 2],
] as const)('meets %j and ends with %s after %d tries', async (kinds, end, tries) => {
  const attempt = createAttempt(kinds);
  expect(await attempt.run().catch((error: unknown) => error)).toBe(end);
  expect(attempt.tries()).toBe(tries);
});

it('does not try if the caller has aborted', async () => {
  const reason = new Error('enough');
  const attempt = createAttempt(['transient']);
  await expect(attempt.run(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(attempt.tries()).toBe(0);
});

describe('the stall timeout', () => {
  const blockThread = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  it('ends a body that falls silent', async () => {
    const body = new Readable({ read: () => undefined });
    body.push('some bytes');
    const read = withStallTimeout({ stallMs: 40, leastRate: 0 }, async (timeout) => {
      for await (const _ of readChunks(body, timeout));
    });
    await expect(read).rejects.toMatchObject({ name: 'TransferError', message: 'no byte arrived for 0.04 s' });
    expect(body.destroyed).toBe(true);
  });

  it('ends a body that trickles and is never silent', async () => {
    const trickle = async function* () {
      for (;;) {
        await sleep(10);
        yield Buffer.from('x');
      }
    };
    const body = Readable.from(trickle());
    const read = withStallTimeout({ stallMs: 200, leastRate: 4096 }, async (timeout) => {
      for await (const _ of readChunks(body, timeout));
    });
    await expect(read).rejects.toThrow(/^only \d+ bytes arrived in 0\.6/);
    expect(body.destroyed).toBe(true);
  });

  it('does not count the time that its own thread is busy', async () => {
    const aborted = await withStallTimeout({ stallMs: 100, leastRate: 0 }, async ({ signal }) => {
      blockThread(200);
      await nextTurn();
      await nextTurn();
      return signal.aborted;
    });
    expect(aborted).toBe(false);
  });

  it('does not count the time that the reader takes', async () => {
    const chunks = await withStallTimeout({ stallMs: 40, leastRate: 0 }, async (timeout) => {
      const seen: string[] = [];
      for await (const chunk of readChunks(Readable.from([Buffer.from('a'), Buffer.from('b')]), timeout)) {
        await sleep(100);
        seen.push(chunk.toString());
      }
      return seen;
    });
    expect(chunks).toEqual(['a', 'b']);
  });

  it('stops when the caller aborts', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const watched = withStallTimeout(
      { stallMs: 60_000, leastRate: 0, signal: controller.signal },
      async ({ signal }) => {
        await once(signal, 'abort');
        throw signal.reason;
      },
    );
    controller.abort(reason);
    await expect(watched).rejects.toBe(reason);
  });
});
