// What all commands share: options by commander (decision 0043), one wording for errors, one set of exit codes.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { FileError } from '../layers/reader/index.ts';
import project from '../package.json' with { type: 'json' };

/** The command line or the environment cannot be used. The message is one sentence for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Creates a command that knows `--help` and `--version`. Its `parse` throws UsageError for arguments that it does not take.
 *
 * @param call - what a person types, such as `npm start --`.
 */
export function createCommand(call: string, description: string): Command {
  const command = new Command(call)
    .description(description)
    .version(project.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .configureHelp({ showGlobalOptions: true })
    // The sentence of the UsageError takes the place of what commander prints.
    .configureOutput({ writeErr: () => undefined })
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new UsageError(describeMisuse(error, command));
    });
  return command;
}

function describeMisuse({ code, message }: CommanderError, { commands }: Command): string {
  const names = commands.map((command) => command.name()).join(', ');
  if (code === 'commander.help') return `Which command? ${names}. --help lists what there is.`;
  const [reason = '', suggestion = ''] = message.replace(/^error: /, '').split('\n');
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1).replace(/\.$/, '')}.`;
  return [sentence, suggestion.replace(/^\(|\)$/g, ''), '--help lists what there is.'].filter(Boolean).join(' ');
}

/**
 * Returns a parser for a flag's whole number.
 *
 * @throws UsageError (the parser) that names the flag and the range.
 */
export function wholeNumber(flag: string, [lowest, highest]: readonly [number, number]): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    throw new UsageError(`--${flag} takes a whole number from ${lowest} to ${highest}, not ${JSON.stringify(text)}.`);
  };
}

/**
 * Runs a command, if its module is the one that Node was started with; a test that imports the module runs nothing.
 *
 * The exit code is what `run` returns, 0 after `--help` and `--version`, 2 for a UsageError or a FileError and 1 for any other error. An
 * error is printed as its message. The process ends, unless `run` returns undefined as a server does.
 */
export async function runCommand(
  moduleUrl: string,
  run: (args: readonly string[]) => Promise<number | undefined>,
): Promise<void> {
  const [, started] = process.argv;
  if (started === undefined || realpathSync(started) !== fileURLToPath(moduleUrl)) return;
  const exitCode = await run(process.argv.slice(2)).catch(explainError);
  if (exitCode !== undefined) process.exit(exitCode);
}

/** Prints an error as its message. Returns the exit code. */
export function explainError(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return error instanceof UsageError || error instanceof FileError ? 2 : 1;
}

/** Returns a signal that Ctrl-C and SIGTERM abort. */
export function createStopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort(new Error('Stopped.')));
  return stopping.signal;
}
