import { defaultPatience, delayAfter, type FailureKind, retry } from '../../../layers/model-store/patience.ts';

const patience = { ...defaultPatience, firstDelayMs: 1, longestDelayMs: 1 };

it('waits twice as long after each failure, up to a limit', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((failures) => delayAfter(failures, defaultPatience, () => 1));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
});

it('waits at random between half of the delay and all of it', () => {
  expect(delayAfter(3, defaultPatience, () => 0)).toBe(200);
  expect(delayAfter(3, defaultPatience, () => 0.5)).toBe(300);
});

it('notices a silent connection within five seconds', () => {
  expect(defaultPatience.stallMs).toBeLessThan(5000);
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
  return { run: (signal?: AbortSignal) => retry(attempt, { patience, classify, signal }), tries: () => tries };
}

it.each([
  [['passing', 'passing', 'passing', 'passing'], 'done', 5],
  [['passing', 'passing', 'passing', 'passing', 'passing'], 'passing', 5],
  [['damaged', 'passing', 'passing'], 'done', 4],
  [['passing', 'damaged', 'damaged'], 'damaged', 3],
  [['passing', 'final'], 'final', 2],
] as const)('meets %j and ends with %s after %d tries', async (kinds, end, tries) => {
  const attempt = createAttempt(kinds);
  expect(await attempt.run().catch((error: unknown) => error)).toBe(end);
  expect(attempt.tries()).toBe(tries);
});

it('does not try again for a caller who has given up', async () => {
  const reason = new Error('enough');
  const attempt = createAttempt(['passing']);
  await expect(attempt.run(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(attempt.tries()).toBe(0);
});
