import { setTimeout as sleep } from 'node:timers/promises';
import { createLimit, runConcurrently } from '../../../layers/model-store/concurrency.ts';

it('returns the results in the order of the tasks', async () => {
  expect(await runConcurrently([() => sleep(5, 'slow'), async () => 1])).toEqual(['slow', 1]);
});

it('stops the others at the first failure, waits for them, and throws that failure', async () => {
  const ended: unknown[] = [];
  const obedient = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => setTimeout(() => reject('late'), 5)));
  const tasks = [
    (signal: AbortSignal) => obedient(signal).catch((error) => Promise.reject(ended.push(error))),
    () => sleep(1).then(() => Promise.reject(new Error('first'))),
  ] as const;
  await expect(runConcurrently(tasks)).rejects.toThrow('first');
  expect(ended).toEqual(['late']);
});

it('throws the reason of a caller who aborts, and starts nothing if it has aborted already', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = runConcurrently([(signal) => sleep(60_000, undefined, { signal })], controller.signal);
  controller.abort(reason);
  await expect(run).rejects.toBe(reason);
  const started: number[] = [];
  await expect(runConcurrently([async () => started.push(1)], controller.signal)).rejects.toBe(reason);
  expect(started).toEqual([]);
});

it('runs no more tasks at once than its limit, in the order they came', async () => {
  const limit = createLimit(2);
  const events: string[] = [];
  let running = 0;
  const task = (name: string, fails = false) =>
    limit(async () => {
      events.push(`${name} with ${++running}`);
      await sleep(2);
      running--;
      if (fails) throw new Error(name);
    });
  const results = await Promise.allSettled([task('a', true), task('b'), task('c'), task('d')]);
  expect(events).toEqual(['a with 1', 'b with 2', 'c with 2', 'd with 2']);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
});
