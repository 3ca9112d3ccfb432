import { initTimeout, withTimeout } from '../../../functions/predict/timeout.ts';

it('returns the result of the promise, or rejects with its error', async () => {
  expect(await withTimeout(60_000, Promise.resolve('model'))).toBe('model');
  await expect(withTimeout(60_000, Promise.reject(new Error('no model')))).rejects.toThrow('no model');
});

it('returns undefined when the time is over', async () => {
  expect(await withTimeout(1, new Promise(() => undefined))).toBeUndefined();
});

it("limits the init phase to less than Lambda's ten seconds since the start of the process", () => {
  expect(initTimeout('on-demand', 400)).toBe(9100);
  expect(initTimeout(undefined, 0)).toBeLessThan(10_000);
});

it('leaves no time once the limit has passed', () => {
  expect(initTimeout('on-demand', 20_000)).toBe(0);
});

it('uses the longer limit of provisioned concurrency', () => {
  expect(initTimeout('provisioned-concurrency', 0)).toBeGreaterThan(60_000);
});
