/** Answers that may be others a moment later: too many requests, or no model yet. */
const retried = [429, 503];

/** Seconds to the first retry of an answer without Retry-After, doubled with each further one. */
const firstDelay = 0.25;
const longestDelay = 8;

/** Of clients that were refused together, not all come back together. */
const jitter = 0.5;

/** What decides when to send a request again. Tests give their own. */
export interface Timing {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const realTiming: Timing = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    }),
};

/**
 * Milliseconds to wait before the next attempt: never less than Retry-After asks for, and up to half as much again. Without
 * Retry-After, a random part of a delay that doubles.
 *
 * @param attempt - 0 for the first one.
 */
export function chooseDelay({ headers }: Response, attempt: number, random: () => number): number {
  const asked = readRetryAfter(headers.get('Retry-After'));
  if (asked !== undefined) return 1000 * asked * (1 + jitter * random());
  return 1000 * Math.min(longestDelay, firstDelay * 2 ** attempt) * random();
}

/** Reads seconds or a date. Returns seconds. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.max(0, (time - Date.now()) / 1000);
}

interface Attempts {
  /** Sends the request once. */
  readonly send: () => Promise<Response>;
  /** `timing.now()` after which no attempt begins. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly timing: Timing;
}

/** Sends a request until it is not refused for the moment. Returns the refusal if the next attempt would be too late. */
export async function sendUntilAnswered({ send, deadline, signal, timing }: Attempts): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const response = await send();
    if (!retried.includes(response.status)) return response;
    const delay = chooseDelay(response, attempt, timing.random);
    if (timing.now() + delay >= deadline) return response;
    // The connection is free for the next attempt only when the body is gone.
    await response.body?.cancel();
    await timing.sleep(delay, signal);
  }
}
