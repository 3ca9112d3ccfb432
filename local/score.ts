// `npm run score -- FILE.csv`: the classifier of the service over a whole file.
import { ConfigurationError } from '../functions/predict/configuration.ts';
import { type LoadedModel, loadModel } from '../functions/predict/model.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { UsageError } from './command-line.ts';
import { readLocalConfiguration } from './project.ts';
import { findColumns } from './scoring/columns.ts';
import { readScoreOptions, type ScoreOptions, usage } from './scoring/options.ts';
import { writeToFile, writeToStandardOutput } from './scoring/output.ts';
import { createScoreRun } from './scoring/run.ts';
import { openTable, type Table } from './scoring/table.ts';
import { startPool, workerPath } from './worker-pool.ts';

/** Rows under way per worker: the next text is there when a worker is done with one. */
const rowsPerWorker = 4;

/** Standard output may carry the rows, and the reason of a failure is told in one sentence. */
const log = createLog({ level: 'error', write: () => undefined });

function loadIntoWorkers({ workers }: ScoreOptions): Promise<LoadedModel> {
  const queueDepth = workers * rowsPerWorker;
  return loadModel(readLocalConfiguration(workers), {
    log,
    openClassifier: (source, { threads }) => startPool(source, { workerPath, workers, threads, queueDepth, log }),
  });
}

async function scoreTable(table: Table, options: ScoreOptions, signal: AbortSignal): Promise<number> {
  const { file, column, out, workers } = options;
  const { classifier } = await loadIntoWorkers(options);
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

/** Returns the exit code. What is wrong with the file is told before the model is loaded. */
async function score(signal: AbortSignal): Promise<number> {
  const options = readScoreOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const table = await openTable(options.file);
  findColumns(options.file, table.header, options.column);
  return scoreTable(table, options, signal);
}

function explainFailure(error: unknown): number {
  // Whoever read the rows has seen enough.
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const exitCode = await score(stopping.signal).catch((error: unknown) => {
  if (!stopping.signal.aborted) return explainFailure(error);
  process.stderr.write('Stopped; nothing was written to --out.\n');
  return 130;
});
process.exit(exitCode);
