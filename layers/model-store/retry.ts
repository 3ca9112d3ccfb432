import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransferError } from './errors.ts';
import type { Cancellable } from './types.ts';

/** Whether a retry may help: a transient fault, wrong bytes (perhaps only damaged in transit), or a refusal. */
export type FailureKind = 'transient' | 'damaged' | 'final';

/** How long the S3 store waits, and how often it tries one request. */
export interface RetryPolicy {
  /** Milliseconds without a byte after which a request is dead; the time to connect counts. */
  readonly stallMs: number;
  /** Tries of one request that meets transient faults: no connection, 5xx, throttling, a stall. */
  readonly tries: number;
  /** Tries of one part that arrives with the wrong hash. */
  readonly damagedTries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly firstDelayMs: number;
  /** The longest delay between two tries, in milliseconds. */
  readonly longestDelayMs: number;
}

/** A dead connection costs 4 s. The store gives up after about 1.5 s of errors, or after 22 s of silence. */
export const defaultRetryPolicy: RetryPolicy = {
  stallMs: 4000,
  tries: 5,
  damagedTries: 2,
  firstDelayMs: 100,
  longestDelayMs: 2000,
};

interface RetryOptions extends Cancellable {
  readonly policy: RetryPolicy;
  readonly classify: (error: unknown) => FailureKind;
}

/**
 * Tries until success, a final failure, or as many failures of one kind as the policy allows; throws the last failure.
 */
export async function retry<T>(attempt: () => Promise<T>, { policy, classify, signal }: RetryOptions): Promise<T> {
  const left = { transient: policy.tries, damaged: policy.damagedTries, final: 1 };
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      left[classify(error)] -= 1;
      if (Object.values(left).some((tries) => tries <= 0)) throw error;
    }
    await sleep(delayAfter(failures, policy), undefined, { signal });
  }
}

/**
 * Milliseconds to wait after so many failures: exponential backoff, half of it random so that clients do not return in
 * step.
 */
export function delayAfter(
  failures: number,
  { firstDelayMs, longestDelayMs }: RetryPolicy,
  random = Math.random,
): number {
  const delay = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
  return delay * (0.5 + random() / 2);
}

/**
 * The stall timeout of one request. Its signal is aborted when no byte has come for too long, or when the caller gives
 * up.
 */
export interface StallTimeout {
  readonly signal: AbortSignal;
  pause(): void;
  resume(): void;
}

interface StallOptions extends Cancellable {
  readonly stallMs: number;
}

/** The timeout counts ticks, not time: few ticks pass while the thread is busy, for example with loading a session. */
const ticks = 8;

/** Runs a request under a stall timeout that starts at once. A stall rejects with a `TransferError`. */
export async function withStallTimeout<T>(
  { stallMs, signal }: StallOptions,
  use: (timeout: StallTimeout) => Promise<T>,
): Promise<T> {
  const stall = new AbortController();
  const both = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  let quiet = 0;
  let paused = false;
  const timer = setInterval(() => {
    if (!paused && ++quiet === ticks) stall.abort(new TransferError(`no byte arrived for ${stallMs / 1000} s`));
  }, stallMs / ticks);
  const setPaused = (value: boolean) => {
    paused = value;
    quiet = 0;
  };
  try {
    return await use({ signal: both, pause: () => setPaused(true), resume: () => setPaused(false) });
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** Yields the body's chunks as they arrive. The time that the reader spends on a chunk does not count as a stall. */
export async function* readChunks(body: Readable, timeout: StallTimeout): AsyncGenerator<Buffer> {
  for await (const chunk of addAbortSignal(timeout.signal, body)) {
    timeout.pause();
    yield chunk;
    timeout.resume();
  }
}
