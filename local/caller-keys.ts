import { type ApiKey, type FindKey, findKeyName, hashKey, isKeyName } from '../functions/predict/keys.ts';
import { UsageError } from './command-line.ts';

/** A key that fits into a header as it is, and is too long to be guessed. */
const usable = /^[A-Za-z0-9._~+/-]{16,}=*$/;

/**
 * Reads keys of `--api-key` or `API_KEYS`: `KEY` or `NAME=KEY`, comma-separated. Adds them to those of the earlier flags.
 *
 * @throws UsageError that shows no key.
 */
export function readCallerKeys(text: string, others: readonly ApiKey[] = []): readonly ApiKey[] {
  const created = new Date().toISOString().slice(0, 10);
  const read = (part: string, index: number): ApiKey => {
    const number = others.length + index + 1;
    const [, name = `key-${number}`, key = ''] = /^(?:([^=]+)=(?=[^=]))?(.*)$/.exec(part.trim()) ?? [];
    if (isKeyName(name) && usable.test(key)) return { name, sha256: hashKey(key), created };
    throw new UsageError(
      `--api-key takes KEY or NAME=KEY, and number ${number} is neither: a key has 16 or more letters, digits and ._~+/-, a ` +
        'name up to 32 lower-case letters, digits and dashes.',
    );
  };
  const keys = [...others, ...text.split(',').map(read)];
  if (new Set(keys.map(({ name }) => name)).size === keys.length) return keys;
  throw new UsageError('--api-key has two keys of one name: give each its own.');
}

/** Finds names among these keys; undefined without keys, when no caller needs one. */
export const createCallerFinder = (keys: readonly ApiKey[]): FindKey | undefined =>
  keys.length > 0 ? async (key) => findKeyName(keys, key) : undefined;
