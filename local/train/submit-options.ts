import { readArguments, UsageError } from '../command-line.ts';

/** What `npm run train:submit` can be told. */
export interface SubmitOptions {
  readonly stage: string;
  /** Start and leave. */
  readonly detach: boolean;
  /** Follow this run instead of starting one. */
  readonly follow: string | undefined;
  /** Flags for train.py, after the second `--`. */
  readonly flags: readonly string[];
  readonly help: boolean;
}

export const usage = `Starts a training run in a deployed stage and follows it: state, log, progress, result.

Usage: npm run train:submit -- [--stage dev] [--detach] [-- FLAGS FOR train.py]

  --stage NAME   the stage to train in (default: dev)
  --detach       start the run and leave
  --follow ID    follow a run that was started before
  --help         this text

Flags take the place of those of the parameter trainingArguments.
Ctrl-C ends the following, not the run. Exit code: the run's own (0 published, 3 refused by its gate).
`;

/** Reads the command line. Throws `UsageError` for what there is not. */
export function readSubmitOptions(args: readonly string[]): SubmitOptions {
  const separator = args.indexOf('--');
  const [own, flags] = separator < 0 ? [args, []] : [args.slice(0, separator), args.slice(separator + 1)];
  const { values } = readArguments({
    args: [...own],
    options: {
      stage: { type: 'string', default: 'dev' },
      detach: { type: 'boolean', default: false },
      follow: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.follow !== undefined && (values.detach || flags.length > 0))
    throw new UsageError('--follow takes neither --detach nor flags for train.py: that run has started already.');
  return { stage: values.stage, detach: values.detach, follow: values.follow, flags, help: values.help };
}
