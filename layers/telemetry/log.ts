const levels = ['debug', 'info', 'warn', 'error'] as const;

/** How much is logged: this level and those after it. */
export type LogLevel = (typeof levels)[number];

/** Whether a word is one of the levels. */
export const isLogLevel = (word: string): word is LogLevel => (levels as readonly string[]).includes(word);

/** For messages about a wrong level. */
export const levelNames = levels.join(', ');

type Fields = Readonly<Record<string, unknown>>;

/** One line of JSON per call. The text that somebody asked about belongs in it only if the operator has asked for that. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: Fields) => void>>;

/** An error as plain data: JSON leaves out what an Error has. */
export function describeFailure(error: unknown): Fields {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describeFailure(cause) }) };
}

interface LogOptions {
  /** The least important level that is written. */
  readonly level: LogLevel;
  /** Stand in every line. */
  readonly fields?: Fields;
  readonly write?: (line: string) => void;
}

/**
 * Creates a log that writes to standard output.
 *
 * Not through `console`: Lambda's runtime puts a prefix before its lines, and then they are no longer JSON.
 */
export function createLog({ level, fields, write = (line) => process.stdout.write(line) }: LogOptions): Log {
  const enabled = levels.slice(levels.indexOf(level));
  const create = (name: LogLevel) => (message: string, more?: Fields) => {
    if (!enabled.includes(name)) return;
    write(`${JSON.stringify({ level: name, time: new Date().toISOString(), message, ...fields, ...more })}\n`);
  };
  return { debug: create('debug'), info: create('info'), warn: create('warn'), error: create('error') };
}
