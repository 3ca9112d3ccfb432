import { waitAtMost } from '../../../functions/predict/patience.ts';

it('gives what was waited for, or its failure', async () => {
  expect(await waitAtMost(60_000, Promise.resolve('model'))).toBe('model');
  await expect(waitAtMost(60_000, Promise.reject(new Error('no model')))).rejects.toThrow('no model');
});

it('gives up when the time is over', async () => {
  expect(await waitAtMost(1, new Promise(() => undefined))).toBeUndefined();
});
