// The keys of callers. Only their SHA-256 hashes are kept: docs/decisions/0067-keys-in-the-function.md.
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import { ApiError } from './errors.ts';

/** What is kept of a key. */
export interface ApiKey {
  /** Who has the key. It is in the log line of a request. */
  readonly name: string;
  /** SHA-256 of the key, as hexadecimal digits. */
  readonly sha256: string;
  /** The day on which it was made: `2026-11-28`. */
  readonly created: string;
}

/** Whether a word can name a key: 1 to 32 lower-case letters, digits and dashes. */
export const isKeyName = (word: string): boolean => /^[a-z0-9][a-z0-9-]{0,31}$/.test(word);

export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');

const keyList = z.object({
  keys: z.array(
    z.object({ name: z.string().refine(isKeyName), sha256: z.string().regex(/^[0-9a-f]{64}$/), created: z.string() }),
  ),
});

/**
 * Reads the text of the parameter.
 *
 * @throws Error if it is no list of keys. The message holds nothing of the text.
 */
export function parseKeys(text: string): readonly ApiKey[] {
  try {
    return keyList.parse(JSON.parse(text)).keys;
  } catch {
    throw new Error('The parameter holds no list of keys: `npm run key` writes one.');
  }
}

/** Writes the text of the parameter. */
export const formatKeys = (keys: readonly ApiKey[]): string => JSON.stringify({ keys });

/** Finds the name of a key; undefined if there is no such key. */
export type FindKey = (key: string) => Promise<string | undefined>;

/** Compares with every key in constant time, so that the time tells nothing about the keys. */
export function findKeyName(keys: readonly ApiKey[], key: string): string | undefined {
  const hash = Buffer.from(hashKey(key), 'hex');
  const matches = keys.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), hash));
  return matches[0]?.name;
}

interface KeySource {
  /** Reads the current list. */
  readonly read: () => Promise<readonly ApiKey[]>;
  readonly log: Log;
  /** Milliseconds of a clock that keeps running while the process is frozen. */
  readonly now?: () => number;
  /** Whether the first request reads the list, and not the start: a snapshot must not hold it. */
  readonly later?: boolean;
}

/** A new key is known, and a removed one refused, after this many milliseconds. */
const intervalMs = 60_000;

/**
 * Reads the list and returns a function that finds keys in it. The function reads the list again when a request comes more
 * than a minute after the last time, and that request waits. If the list cannot be read, the one before stays.
 *
 * @throws ApiError (the function) KEYS_UNAVAILABLE if the list could never be read. The next request tries again.
 */
export async function openKeyFinder({ read, log, now = Date.now, later = false }: KeySource): Promise<FindKey> {
  let keys: readonly ApiKey[] | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const readAgain = async () => {
    readAt = now();
    try {
      keys = await read();
    } catch (error) {
      log.warn('keys not read', { error: describeFailure(error) });
      if (!keys) readAt = Number.NEGATIVE_INFINITY;
    }
  };
  /** Is due also after the clock was set back. */
  const readIfDue = () => {
    if (!reading && Math.abs(now() - readAt) >= intervalMs)
      reading = readAgain().finally(() => {
        reading = undefined;
      });
    return reading;
  };

  if (!later) await readIfDue();
  return async (key) => {
    await readIfDue();
    if (!keys) throw new ApiError('KEYS_UNAVAILABLE');
    return findKeyName(keys, key);
  };
}
