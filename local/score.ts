// `npm run score -- FILE.csv`: the classifier of the service over a whole file.

import { availableParallelism } from 'node:os';
import type { Classifier } from '../layers/inference/index.ts';
import { weighPositive } from '../layers/prediction/index.ts';
import { FileError, type Inspection, inspectFile, openFile, openTable, type Table } from '../layers/reader/index.ts';
import { createCommand, createStopSignal, runCommand, wholeNumber } from './command-line.ts';
import { writeToFile, writeToStandardOutput } from './csv-output.ts';
import { loadIntoWorkers, textsInFlight } from './pooled-model.ts';
import { addReaderFlags, parseReaderFlags, type ReaderFlags } from './reader-flags.ts';
import { createScoreRun } from './score-rows.ts';

/** The options of `npm run score`. */
export interface ScoreOptions extends ReaderFlags {
  readonly file: string;
  /** undefined: standard output. */
  readonly out?: string;
  /** Weigh positive against negative only, whatever classes the model has. */
  readonly polar: boolean;
  readonly workers: number;
}

const description =
  'Scores the texts of a file: CSV with the same rows, in order, and a column label and one per class appended.';

const notes = `
Labels are compared with the scores: accuracy, F1, ECE and confusion matrix. If no row is neutral, a model of three classes
is measured on positive against negative.
The file is read to its end before the first row is scored. More than 1 % of faulty rows refuse it; fewer keep their place
and get an empty label. docs/data.md lists the rules. Environment: MODEL_URI and the others of npm start.
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readScoreOptions(args: readonly string[]): ScoreOptions {
  const processors = availableParallelism();
  const command = addReaderFlags(createCommand('npm run score --', description))
    .argument('<file>', 'CSV, TSV or .jsonl; packed with gzip if its name ends in .gz')
    .option('--no-labels', 'leave labels of the file aside')
    .option('--out <file>', 'where to write, whole or not at all (default: standard output; then use npm run -s)')
    .option('--polar', 'leave neutral out of rows and answers: positive against negative only', false)
    .option(
      '--workers <number>',
      'processes that run the model at the same time',
      wholeNumber('workers', [1, 256]),
      processors,
    )
    .addHelpText('after', notes)
    .parse(args, { from: 'user' });
  const [file = ''] = command.args;
  return { file, ...command.opts<Omit<ScoreOptions, 'file'>>() };
}

/** Returns the exit code. Faults of the file are reported before the model is loaded. */
async function score(args: readonly string[]): Promise<number> {
  const options = readScoreOptions(args);
  const signal = createStopSignal();
  try {
    const reading = parseReaderFlags(options);
    const file = await openFile(options.file);
    const inspection = await inspectFile(file, reading, false).catch((error: unknown) => {
      throw error instanceof FileError && options.labels !== false ? hintAtLabels(error) : error;
    });
    const table = await openTable(file, reading, false);
    await scoreTable(table, inspection, options, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('Stopped; nothing was written to --out.\n');
      return 130;
    }
    // The reader of standard output went away, because it has seen enough.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
    throw error;
  }
}

/** A file whose labels are of another kind can still be scored. */
const hintAtLabels = (error: FileError): FileError =>
  error.message.includes('label')
    ? new FileError(`${error.message}\nTo score the file and leave its labels aside, add --no-labels.`)
    : error;

async function scoreTable(
  table: Table,
  inspection: Inspection,
  { out, polar, workers }: ScoreOptions,
  signal: AbortSignal,
): Promise<void> {
  const loaded = (await loadIntoWorkers(workers)).classifier;
  const classifier = polar ? leaveOutNeutral(loaded) : loaded;
  const run = createScoreRun({
    table,
    inspection,
    classifier,
    ahead: textsInFlight(classifier, workers),
  });
  try {
    await (out === undefined ? writeToStandardOutput(run.rows, signal) : writeToFile(out, run.rows, signal));
  } finally {
    run.stop();
    await classifier.release();
  }
  run.report();
}

/** A classifier of two classes, whatever classes the given one has. */
const leaveOutNeutral = (classifier: Classifier): Classifier => ({
  ...classifier,
  labels: ['negative', 'positive'],
  classify: async (text) => {
    const classification = await classifier.classify(text);
    const positive = weighPositive(classifier.labels, classification.probabilities);
    return { ...classification, probabilities: [1 - positive, positive] };
  },
});

await runCommand(import.meta.url, score);
