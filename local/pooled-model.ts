import type { Classifier } from '../layers/inference/index.ts';
import { type LoadedModel, loadModel } from '../layers/prediction/index.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { readLocalConfiguration, settleDevice } from './environment.ts';
import { startPool, workerPath } from './worker-pool.ts';

/** Texts that a worker has at the same time, so that the next one is there when it is done with one. */
const lanes = 4;

/**
 * Texts per worker that wait, or are done and wait for one before them: the results are in order, and while the longest text
 * runs, the other workers go on with short ones.
 */
const waitingPerWorker = 32;

/** How many texts keep the workers busy: what they work on, and those that wait. */
export const textsInFlight = ({ concurrency = 1 }: Pick<Classifier, 'concurrency'>, workers: number): number =>
  concurrency + waitingPerWorker * workers;

/** Writes nothing: standard output carries results, and a failure is reported in one sentence. */
const log = createLog({ level: 'error', write: () => undefined });

/** Loads the model that the environment names into worker processes, for commands that score many texts. */
export async function loadIntoWorkers(workers: number): Promise<LoadedModel> {
  const queueDepth = workers * waitingPerWorker;
  return loadModel(await settleDevice(readLocalConfiguration(workers), log), {
    log,
    openClassifier: (source, how) => startPool(source, { ...how, workerPath, workers, lanes, queueDepth, log }),
  });
}
