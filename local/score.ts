// `npm run score -- FILE.csv`: the classifier of the service over a whole file.
import { availableParallelism } from 'node:os';
import { type LoadedModel, loadModel } from '../functions/predict/model.ts';
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
  readonly workers: number;
}

const description =
  'Scores the texts of a CSV file: the same rows, in order, with the columns label and positive appended.';

const notes = `
A column sentiment (positive, negative, 1 or 0) is compared with the scores: accuracy, F1, ECE and confusion matrix.
A bad row is reported with its number and gets an empty label. Environment: MODEL_URI and the others of npm start.
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readScoreOptions(args: readonly string[]): ScoreOptions {
  const processors = availableParallelism();
  const command = createCommand('npm run score --', description)
    .argument('<file>', 'CSV file; packed with gzip if its name ends in .gz')
    .option('--out <file>', 'where to write, whole or not at all (default: standard output; then use npm run -s)')
    .option('--column <name>', 'column with the texts (default: review, text or sentence)')
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
  const { file, column, out, workers } = options;
  const { classifier } = await loadIntoWorkers(workers);
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
