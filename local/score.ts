// `npm run score -- FILE.csv`: the classifier of the service over a whole file.
import { availableParallelism } from 'node:os';
import { weighPositive } from '../functions/predict/classes.ts';
import { type LoadedModel, loadModel } from '../functions/predict/model.ts';
import type { Classifier } from '../layers/inference/index.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { createCommand, createStopSignal, runCommand, wholeNumber } from './command-line.ts';
import { openTable, type Table, writeToFile, writeToStandardOutput } from './csv.ts';
import { readLocalConfiguration } from './environment.ts';
import { createScoreRun, findColumns } from './score-rows.ts';
import { startPool, workerPath } from './worker-pool.ts';

/** The options of `npm run score`. */
export interface ScoreOptions {
  readonly file: string;
  /** undefined: the first of the usual names. */
  readonly column?: string;
  /** undefined: standard output. */
  readonly out?: string;
  /** Weigh positive against negative only, whatever classes the model has. */
  readonly polar: boolean;
  readonly workers: number;
}

const description =
  'Scores the texts of a CSV file: the same rows, in order, with a column label and one column per class appended.';

const notes = `
A column sentiment (negative, neutral, positive, 0 or 1) is compared with the scores: accuracy, F1, ECE and confusion
matrix. If no row is neutral, a model of three classes is measured on positive against negative.
A bad row is reported with its number and gets an empty label. Environment: MODEL_URI and the others of npm start.
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readScoreOptions(args: readonly string[]): ScoreOptions {
  const processors = availableParallelism();
  const command = createCommand('npm run score --', description)
    .argument('<file>', 'CSV file; packed with gzip if its name ends in .gz')
    .option('--out <file>', 'where to write, whole or not at all (default: standard output; then use npm run -s)')
    .option('--column <name>', 'column with the texts (default: review, text or sentence)')
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
    const table = await openTable(options.file);
    findColumns(options.file, table.header, options.column);
    return await scoreTable(table, options, signal);
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

/** Rows in flight per worker, so that the next text is there when a worker is done with one. */
const rowsPerWorker = 4;

async function scoreTable(table: Table, options: ScoreOptions, signal: AbortSignal): Promise<number> {
  const { file, column, out, polar, workers } = options;
  const loaded = (await loadIntoWorkers(workers)).classifier;
  const classifier = polar ? leaveOutNeutral(loaded) : loaded;
  const run = createScoreRun(table, { path: file, column, classifier, ahead: workers * rowsPerWorker });
  try {
    await (out === undefined ? writeToStandardOutput(run.rows, signal) : writeToFile(out, run.rows, signal));
  } finally {
    run.stop();
    await classifier.release();
  }
  run.report();
  return table.fault() === undefined ? 0 : 1;
}

/** A classifier of two classes, whatever classes the given one has. */
const leaveOutNeutral = (classifier: Classifier): Classifier => ({
  labels: ['negative', 'positive'],
  classify: async (text) => {
    const classification = await classifier.classify(text);
    const positive = weighPositive(classifier.labels, classification.probabilities);
    return { ...classification, probabilities: [1 - positive, positive] };
  },
  release: () => classifier.release(),
});

/** Writes nothing: standard output may carry the rows, and a failure is reported in one sentence. */
const log = createLog({ level: 'error', write: () => undefined });

function loadIntoWorkers(workers: number): Promise<LoadedModel> {
  const queueDepth = workers * rowsPerWorker;
  return loadModel(readLocalConfiguration(workers), {
    log,
    openClassifier: (source, { threads }) => startPool(source, { workerPath, workers, threads, queueDepth, log }),
  });
}

await runCommand(import.meta.url, score);
