import { initTimeout, withTimeout } from '../../../functions/predict/timeout.ts';

it('gives what was waited for, or its failure', async () => {
  expect(await withTimeout(60_000, Promise.resolve('model'))).toBe('model');
  await expect(withTimeout(60_000, Promise.reject(new Error('no model')))).rejects.toThrow('no model');
});

it('gives up when the time is over', async () => {
  expect(await withTimeout(1, new Promise(() => undefined))).toBeUndefined();
});

it("stays below Lambda's ten seconds, counted from the start of the process", () => {
  expect(initTimeout('on-demand', 400)).toBe(9100);
  expect(initTimeout(undefined, 0)).toBeLessThan(10_000);
});

it('waits no more once the time is up', () => {
  expect(initTimeout('on-demand', 20_000)).toBe(0);
});

it('takes the longer time that provisioned concurrency gives', () => {
  expect(initTimeout('provisioned-concurrency', 0)).toBeGreaterThan(60_000);
});
