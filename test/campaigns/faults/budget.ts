// The times within which the service answers while its store fails.
import { defaultRetryPolicy, type RetryPolicy } from '../../../layers/model-store/index.ts';

/** The service's times, in milliseconds. */
export interface Budget {
  readonly retryPolicy: RetryPolicy;
  /** A request waits so long for a model that is loading; then it is answered with 503. */
  readonly modelMs: number;
  /** An invocation stays awake so long for a look at the store, after its answer is ready. */
  readonly settleMs: number;
  /** An answer of the model that is loaded takes at most so long, whatever the store does. */
  readonly answerMs: number;
}

/** The times of a deployed function: its timeout is 30 s, of which five are left for the answer's way back. */
export const deployed: Budget = { retryPolicy: defaultRetryPolicy, modelMs: 25_000, settleMs: 25_000, answerMs: 1000 };

/** What this machine may be late, since it runs many cells at the same time. */
export const graceMs = 1500;

/** A budget whose waiting times are so many times shorter. Each stays in proportion to the others. */
export function shorten({ retryPolicy, modelMs, settleMs, answerMs }: Budget, times: number): Budget {
  const { stallMs, firstDelayMs, longestDelayMs, ...tries } = retryPolicy;
  const shorter = {
    stallMs: stallMs / times,
    firstDelayMs: firstDelayMs / times,
    longestDelayMs: longestDelayMs / times,
  };
  return { retryPolicy: { ...tries, ...shorter }, modelMs: modelMs / times, settleMs: settleMs / times, answerMs };
}
