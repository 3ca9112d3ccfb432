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
  /** Bytes per second below which a body is as good as dead, measured over three times `stallMs`. */
  readonly leastRate: number;
  /** Tries of one request that meets transient faults: no connection, 5xx, throttling, a stall. */
  readonly tries: number;
  /** Tries of one part that arrives with the wrong hash. */
  readonly damagedTries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly firstDelayMs: number;
  /** The longest delay between two tries, in milliseconds. */
  readonly longestDelayMs: number;
}

/**
 * A dead connection costs 4 s, and one that trickles 12 to 24 s. The store gives up after about 1.5 s of errors, or after 22 s
 * of silence.
 */
export const defaultRetryPolicy: RetryPolicy = {
  stallMs: 4000,
  leastRate: 4096,
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
  /** Says that bytes have arrived, and that the reader works on them. */
  pause(bytes: number): void;
  resume(): void;
}

interface StallOptions extends Cancellable, Pick<RetryPolicy, 'stallMs' | 'leastRate'> {}

/** The timeout counts ticks, not time: few ticks pass while the thread is busy, for example with loading a session. */
const ticks = 8;
/** Over so many ticks the rate of a body is measured. */
const rateTicks = 3 * ticks;

/**
 * Counts ticks and bytes of one request. `tick` returns why the request is dead, or undefined. Only a body that trickles for ever
 * would never be silent, and a load that waits for it would never end.
 */
function createStallCounter({ stallMs, leastRate }: StallOptions) {
  const rateSeconds = (rateTicks / ticks) * (stallMs / 1000);
  let [quiet, measured, bytes, paused] = [0, 0, 0, false];
  const tick = (): string | undefined => {
    if (paused) return undefined;
    quiet += 1;
    measured += 1;
    if (quiet === ticks) return `no byte arrived for ${stallMs / 1000} s`;
    if (measured < rateTicks) return undefined;
    if (bytes < leastRate * rateSeconds) return `only ${bytes} bytes arrived in ${rateSeconds} s`;
    [measured, bytes] = [0, 0];
    return undefined;
  };
  const setPaused = (value: boolean, arrived: number) => {
    [paused, quiet] = [value, 0];
    bytes += arrived;
  };
  return { tick, pause: (arrived: number) => setPaused(true, arrived), resume: () => setPaused(false, 0) };
}

/** Runs a request under a stall timeout that starts at once. A stall rejects with a `TransferError`. */
export async function withStallTimeout<T>(
  options: StallOptions,
  use: (timeout: StallTimeout) => Promise<T>,
): Promise<T> {
  const { stallMs, signal } = options;
  const stall = new AbortController();
  const both = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  const { tick, ...counter } = createStallCounter(options);
  const timer = setInterval(() => {
    const reason = tick();
    if (reason !== undefined) stall.abort(new TransferError(reason));
  }, stallMs / ticks);
  try {
    return await use({ signal: both, ...counter });
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** Yields the body's chunks as they arrive. The time that the reader spends on a chunk does not count as a stall. */
export async function* readChunks(body: Readable, timeout: StallTimeout): AsyncGenerator<Buffer> {
  for await (const chunk of addAbortSignal(timeout.signal, body)) {
    timeout.pause(chunk.length);
    yield chunk;
    timeout.resume();
  }
}
