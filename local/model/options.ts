import { readArguments, UsageError } from '../command-line.ts';

export const usage = `Looks after the versions of a model store.

Usage: npm run model -- COMMAND [VERSION …] [--store URI] [--dry-run]

  list                  every version: date, accuracy, size, verdict, and which one is current
  show VERSION          all that is known of a version
  diff A B              settings, metrics and files in which two versions differ
  verify VERSION        the checks of promotion, here; --write keeps the result as the version's verdict
  promote VERSION       makes an accepted version current; --force: also one that is not accepted
  rollback              makes the version before the current one current, and holds
  hold                  holds: nothing becomes current by itself; --lift ends that

  --store URI           s3://bucket/prefix or file:folder (default MODEL_URI, or else the sample model)
  --reason TEXT         why, for rollback and hold
  --dry-run             says what would change, and changes nothing
  --help                this text

VERSION is a name, a part of one that no other version has, or the word current.
`;

const arities = { list: 0, show: 1, diff: 2, verify: 1, promote: 1, rollback: 0, hold: 0 } as const;

/** What can be done. */
export type Command = keyof typeof arities;

/** What `npm run model` was told. */
export interface ModelOptions {
  readonly command: Command;
  /** As many as the command takes, as they were typed. */
  readonly versions: readonly string[];
  readonly store: string | undefined;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly lift: boolean;
  readonly write: boolean;
}

/** Which commands a flag means something to. */
const flagUses: Readonly<Record<string, readonly Command[]>> = {
  force: ['promote'],
  lift: ['hold'],
  write: ['verify'],
  reason: ['rollback', 'hold'],
  'dry-run': ['promote', 'rollback', 'hold'],
};

const isCommand = (word: string): word is Command => Object.hasOwn(arities, word);

function readCommand(word: string | undefined): Command {
  if (word === undefined) throw new UsageError(`Which command? ${Object.keys(arities).join(', ')}. --help tells more.`);
  if (isCommand(word)) return word;
  throw new UsageError(`There is no command ${JSON.stringify(word)}: ${Object.keys(arities).join(', ')}.`);
}

function checkUse(command: Command, versions: readonly string[], flags: readonly string[]): void {
  const wanted = arities[command];
  if (versions.length !== wanted)
    throw new UsageError(
      `${command} takes ${['no version', 'one version', 'two versions'][wanted]}, not ${versions.length}.`,
    );
  const stray = flags.find((flag) => flagUses[flag] && !flagUses[flag].includes(command));
  if (stray) throw new UsageError(`--${stray} belongs to ${flagUses[stray]?.join(' and ')}, not to ${command}.`);
}

/** Reads the command line; undefined if help is wanted. Throws `UsageError` for what makes no sense. */
export function readModelOptions(args: readonly string[]): ModelOptions | undefined {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      store: { type: 'string' },
      reason: { type: 'string' },
      'dry-run': { type: 'boolean' },
      force: { type: 'boolean' },
      lift: { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  const [word, ...versions] = positionals;
  const command = readCommand(word);
  checkUse(command, versions, Object.keys(values));
  const { store, reason, force = false, lift = false, write = false, 'dry-run': dryRun = false } = values;
  return { command, versions, store, reason, dryRun, force, lift, write };
}
