import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line cannot be used; the message is one sentence for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the arguments by Node's own rules. Throws `UsageError`. */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Node adds advice about positional arguments that begin with a dash; its first sentence is enough.
    const [reason] = error instanceof Error ? error.message.split(/\. (?=To )/) : [String(error)];
    throw new UsageError(`${reason?.replace(/\.$/, '')}. --help lists what there is.`);
  }
}

/**
 * Reads a flag's whole number.
 *
 * @throws UsageError that names the flag and the range.
 */
export function readWhole(flag: string, text: string, [lowest, highest]: readonly [number, number]): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new UsageError(`--${flag} takes a whole number from ${lowest} to ${highest}, not ${JSON.stringify(text)}.`);
}
