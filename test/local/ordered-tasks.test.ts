import { setImmediate as turn } from 'node:timers/promises';
import { mapInOrder } from '../../local/ordered-tasks.ts';

async function* count(to: number) {
  for (let number = 1; number <= to; number += 1) yield number;
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const result of results) list.push(result);
  return list;
}

/** Tasks that end when they are told to. */
function createTasks() {
  const ends = new Map<number, () => void>();
  const run = (number: number) => new Promise<number>((resolve) => ends.set(number, () => resolve(number)));
  return { run, started: () => [...ends.keys()], end: (number: number) => ends.get(number)?.() };
}

const settle = async () => {
  for (let turns = 0; turns < 10; turns += 1) await turn();
};

describe('results', () => {
  it('come in the order of the items, whichever task ends first', async () => {
    const slowFirst = async (number: number) => {
      for (let turns = number; turns < 5; turns += 1) await turn();
      return number;
    };
    expect(await collect(mapInOrder(count(7), 3, slowFirst))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('come as soon as they are there, before the source has another item', async () => {
    async function* typed() {
      yield 'a line';
      await new Promise(() => undefined);
    }
    const results = mapInOrder(typed(), 4, async (line) => line.length);
    expect(await results.next()).toEqual({ done: false, value: 6 });
  });

  it('of no items are none', async () => {
    expect(await collect(mapInOrder(count(0), 2, async (number) => number))).toEqual([]);
  });
});

describe('tasks', () => {
  it('run so many at a time, and wait for a result to be taken', async () => {
    const { run, started, end } = createTasks();
    const results = mapInOrder(count(9), 2, run);
    const first = results.next();
    await settle();
    expect(started()).toEqual([1, 2]);
    end(2);
    await settle();
    expect(started()).toEqual([1, 2]);
    end(1);
    expect((await first).value).toBe(1);
    await settle();
    expect(started()).toEqual([1, 2]);
  });

  it('that fail end the results after those before', async () => {
    const results = mapInOrder(count(5), 5, async (number) => {
      if (number === 3) throw new Error('three');
      return number;
    });
    expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 2]);
    await expect(results.next()).rejects.toThrow('three');
  });
});

it('a source that fails ends the results after those of its items', async () => {
  async function* failing() {
    yield* count(2);
    throw new Error('the source');
  }
  const results = mapInOrder(failing(), 5, async (number) => number);
  expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 2]);
  await expect(results.next()).rejects.toThrow('the source');
});
