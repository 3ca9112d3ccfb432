import { initTimeout, readDeadline, withTimeout } from '../../../functions/predict/timeout.ts';

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

describe('the deadline of an answer', () => {
  const now = 1_768_464_900_000;
  const lambdaContext = { getRemainingTimeInMillis: () => 28_000 };
  const left = (timeEpoch?: number) =>
    Math.round(
      readDeadline({ lambdaContext, ...(timeEpoch && { requestContext: { timeEpoch } }) }, now) - performance.now(),
    );

  it('is a second before Lambda ends the function', () => {
    expect(left()).toBe(27_000);
    expect(left(now)).toBe(27_000);
  });

  it('is a second before API Gateway gives up, which waits since before a cold start', () => {
    expect(left(now - 4_000)).toBe(25_000);
  });

  it('does not depend on a clock that cannot be right', () => {
    for (const timeEpoch of [now + 60_000, now - 3_600_000]) expect(left(timeEpoch)).toBe(27_000);
  });

  it('is never elsewhere', () => {
    expect(readDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
