import { availableParallelism } from 'node:os';
import { readArguments, readWhole, UsageError } from '../command-line.ts';

/** What `npm run score` can be told. */
export interface ScoreOptions {
  readonly file: string;
  /** undefined: the first that is there of the usual names. */
  readonly column: string | undefined;
  /** undefined: standard output. */
  readonly out: string | undefined;
  readonly workers: number;
  readonly help: boolean;
}

export const usage = `Scores the texts of a CSV file: the same rows, in order, with the columns label and positive appended.

Usage: npm run score -- FILE.csv[.gz] [--out SCORED.csv[.gz]] [--column NAME] [--workers N]

  --out FILE      where to write, whole or not at all (default: standard output; then use npm run -s)
  --column NAME   column with the texts (default: review, text or sentence)
  --workers N     processes that run the model at the same time (default: one per processor)
  --help          this text

A column sentiment (positive, negative, 1 or 0) is compared with the scores: accuracy, F1, ECE and confusion matrix.
A bad row is reported with its number and gets an empty label. Environment: MODEL_URI and the others of npm start.
`;

/** Reads the command line. Throws `UsageError` for what there is not. */
export function readScoreOptions(args: readonly string[]): ScoreOptions {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      column: { type: 'string' },
      out: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  const [file = '', ...more] = positionals;
  if (!values.help && (file === '' || more.length > 0)) {
    throw new UsageError(`Name one CSV file to score, not ${positionals.length}: npm run score -- FILE.csv.`);
  }
  const workers = readWhole('workers', values.workers, [1, 256]);
  return { file, column: values.column, out: values.out, workers, help: values.help };
}
