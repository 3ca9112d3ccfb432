import { setTimeout as sleep } from 'node:timers/promises';
import type { Cancellable } from './types.ts';

/** Whether trying again may help: a fault that passes, wrong bytes (perhaps only in transit), or a plain refusal. */
export type FailureKind = 'passing' | 'damaged' | 'final';

/** How long the S3 store waits, and how often it tries one request. */
export interface Patience {
  /** Milliseconds without a byte after which a request is taken for dead; connecting counts. */
  readonly stallMs: number;
  /** Tries of one request that meets faults which pass: no connection, 5xx, throttling, a stall. */
  readonly tries: number;
  /** Tries of one part that arrives with the wrong hash. */
  readonly damagedTries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly firstDelayMs: number;
  /** Milliseconds that no pause exceeds. */
  readonly longestDelayMs: number;
}

/** A dead connection costs 4 s; an S3 that answers only errors is given up after about 1.5 s, one that is silent after 22 s. */
export const defaultPatience: Patience = {
  stallMs: 4000,
  tries: 5,
  damagedTries: 2,
  firstDelayMs: 100,
  longestDelayMs: 2000,
};

/** Milliseconds to wait after so many failures: exponential, and random by half so that clients do not return in step. */
export function delayAfter(failures: number, { firstDelayMs, longestDelayMs }: Patience, random = Math.random): number {
  const delay = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
  return delay * (0.5 + random() / 2);
}

interface RetryOptions extends Cancellable {
  readonly patience: Patience;
  readonly classify: (error: unknown) => FailureKind;
}

/** Tries until success, a final failure, or as many failures of one kind as patience allows; throws the last one. */
export async function retry<T>(attempt: () => Promise<T>, { patience, classify, signal }: RetryOptions): Promise<T> {
  const left = { passing: patience.tries, damaged: patience.damagedTries, final: 1 };
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      left[classify(error)] -= 1;
      if (Object.values(left).some((tries) => tries <= 0)) throw error;
    }
    await sleep(delayAfter(failures, patience), undefined, { signal });
  }
}
