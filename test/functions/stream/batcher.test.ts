import { setImmediate as turn } from 'node:timers/promises';
import { createBatcher, readFailures } from '../../../functions/stream/batcher.ts';

const sizeOf = (text: string) => text.length;
const limits = { items: 3, bytes: 10, sizeOf, pauseMs: 1 };

/** Sends to a list of calls; `fail` says which items a call refuses, by how often they were sent before. */
function createTarget(fail: (item: string, before: number) => boolean = () => false) {
  const calls: (readonly string[])[] = [];
  const send = async (items: readonly string[]) => {
    const before = calls.flat();
    calls.push(items);
    return items.map((item) =>
      fail(item, before.filter((other) => other === item).length) ? new Error(`${item} is refused`) : undefined,
    );
  };
  return { calls, send };
}

describe('items that come together', () => {
  it('share calls in their order, within the limits of items and bytes', async () => {
    const { calls, send } = createTarget();
    const put = createBatcher(send, limits);
    await Promise.all(['a', 'b', 'c', 'd', 'eeeeeee', 'fff', 'gggggggggggg', 'h'].map(put));
    expect(calls).toEqual([['a', 'b', 'c'], ['d', 'eeeeeee'], ['fff'], ['gggggggggggg'], ['h']]);
  });

  it('share no call with those of a later turn', async () => {
    const { calls, send } = createTarget();
    const put = createBatcher(send, limits);
    const first = put('a');
    await turn();
    await turn();
    await Promise.all([first, put('b')]);
    expect(calls).toEqual([['a'], ['b']]);
  });
});

describe('items that were not taken', () => {
  it('are sent again, and no others', async () => {
    const { calls, send } = createTarget((item, before) => item === 'b' && before < 2);
    const put = createBatcher(send, limits);
    await Promise.all(['a', 'b', 'c'].map(put));
    expect(calls).toEqual([['a', 'b', 'c'], ['b'], ['b']]);
  });

  it('reject after four calls, and the others do not', async () => {
    const { calls, send } = createTarget((item) => item === 'b');
    const put = createBatcher(send, limits);
    const results = await Promise.allSettled(['a', 'b'].map(put));
    expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: { message: 'b is refused' } }]);
    expect(calls).toHaveLength(4);
  });

  it('reject all when the call itself fails, which is not repeated', async () => {
    let calls = 0;
    const put = createBatcher<string>(async () => {
      calls += 1;
      throw new Error('no connection');
    }, limits);
    const results = await Promise.allSettled(['a', 'b'].map(put));
    expect(results).toMatchObject([{ reason: { message: 'no connection' } }, { reason: { message: 'no connection' } }]);
    expect(calls).toBe(1);
  });
});

it('finds the failures of a batch by its ids', () => {
  const failed = [{ Id: '1', Code: 'InternalError', Message: 'try again' }];
  expect(readFailures(3, failed).map((error) => error?.message)).toEqual([
    undefined,
    'InternalError: try again',
    undefined,
  ]);
  expect(readFailures(2)).toEqual([undefined, undefined]);
});
