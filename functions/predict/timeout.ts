/** Waits for a promise, but at most `ms` milliseconds. After that it returns undefined, and the work goes on. */
export function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  // A plain timer: one with an AbortSignal costs 0.1 ms, on every request.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Lambda ends an init phase after 10 s and starts it again. The rest is for the work after the wait. */
const onDemandMs = 9_500;
/** With provisioned concurrency the limit is 130 s. */
const provisionedMs = 120_000;

/**
 * Milliseconds that are left of Lambda's init phase.
 *
 * @param initType - AWS_LAMBDA_INITIALIZATION_TYPE.
 * @param elapsedMs - since the process began.
 */
export function initTimeout(initType: string | undefined, elapsedMs = performance.now()): number {
  const limit = initType === 'provisioned-concurrency' ? provisionedMs : onDemandMs;
  return Math.max(0, limit - elapsedMs);
}
