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
/** With provisioned concurrency, and before a snapshot, the limit is 130 s. */
const aheadMs = 120_000;

/**
 * Milliseconds that are left of Lambda's init phase.
 *
 * @param initType - AWS_LAMBDA_INITIALIZATION_TYPE.
 * @param elapsedMs - since the process began.
 */
export function initTimeout(initType: string | undefined, elapsedMs = performance.now()): number {
  const isAhead = initType === 'provisioned-concurrency' || initType === 'snap-start';
  const limit = isAhead ? aheadMs : onDemandMs;
  return Math.max(0, limit - elapsedMs);
}

/** API Gateway gives up this long after it received a request. */
const gatewayMs = 30_000;
/** For writing the answer and its way back. */
const answerMs = 1_000;

/** What is known of the time of a request on Lambda. */
interface RequestTime {
  readonly lambdaContext?: { readonly getRemainingTimeInMillis: () => number };
  /** `timeEpoch` is when the gateway received the request, in milliseconds since 1970. */
  readonly requestContext?: { readonly timeEpoch?: number };
}

/**
 * The time at which an answer must be ready so that it arrives before Lambda or API Gateway gives up, in milliseconds of
 * `performance.now()`. Infinity elsewhere.
 */
export function readDeadline({ lambdaContext, requestContext }: RequestTime = {}, now = Date.now()): number {
  if (!lambdaContext) return Number.POSITIVE_INFINITY;
  const waited = now - (requestContext?.timeEpoch ?? now);
  // Of a clock that is this far off, nothing can be learnt.
  const gateway = waited >= 0 && waited < gatewayMs ? gatewayMs - waited : gatewayMs;
  return performance.now() + Math.min(lambdaContext.getRemainingTimeInMillis(), gateway) - answerMs;
}
