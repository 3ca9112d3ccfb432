import type { WriteLine } from './line-writer.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** A log's level. The log writes lines of this level and of those after it. */
export type LogLevel = (typeof levels)[number];

/** Whether a word names a level. */
export const isLogLevel = (word: string): word is LogLevel => (levels as readonly string[]).includes(word);

/** All levels, for messages about a wrong one. */
export const levelNames = levels.join(', ');

type Fields = Readonly<Record<string, unknown>>;

/** Writes one line of JSON per call. A request's text belongs in it only if the operator has asked for that. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: Fields) => void>>;

/** Turns an error into plain data, since JSON leaves out an Error's fields. */
export function describeFailure(error: unknown): Fields {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describeFailure(cause) }) };
}

interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Fields of every line. */
  readonly fields?: Fields;
  readonly write?: WriteLine;
}

/**
 * Creates a log that writes to standard output.
 *
 * It does not use `console`: Lambda's runtime puts a prefix before its lines, and then they are no longer JSON.
 */
export function createLog({ level, fields, write = (line) => process.stdout.write(line) }: LogOptions): Log {
  const enabled = levels.slice(levels.indexOf(level));
  const create = (name: LogLevel) => (message: string, more?: Fields) => {
    if (!enabled.includes(name)) return;
    write(`${JSON.stringify({ level: name, time: new Date().toISOString(), message, ...fields, ...more })}\n`);
  };
  return { debug: create('debug'), info: create('info'), warn: create('warn'), error: create('error') };
}
