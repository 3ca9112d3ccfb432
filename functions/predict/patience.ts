import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a promise, but no longer than `ms`; then undefined, while what was waited for goes on. */
export async function waitAtMost<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const waiting = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, undefined, { signal: waiting.signal })]);
  } finally {
    waiting.abort();
  }
}
