import type { Classifier } from '../layers/inference/index.ts';
import { type LoadedModel, loadModel } from '../layers/prediction/index.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { readLocalConfiguration, settleDevice } from './environment.ts';
import { startPool, workerPath } from './worker-pool.ts';

/** Texts in flight per worker, so that the next text is there when a worker is done with one. */
const textsPerWorker = 4;

/** How many texts keep the workers busy: what they work on, and those that wait. */
export const textsInFlight = ({ concurrency = 1 }: Pick<Classifier, 'concurrency'>, workers: number): number =>
  concurrency + (textsPerWorker - 1) * workers;

/** Writes nothing: standard output carries results, and a failure is reported in one sentence. */
const log = createLog({ level: 'error', write: () => undefined });

/** Loads the model that the environment names into worker processes, for commands that score many texts. */
export async function loadIntoWorkers(workers: number): Promise<LoadedModel> {
  const queueDepth = workers * textsPerWorker;
  return loadModel(await settleDevice(readLocalConfiguration(workers), log), {
    log,
    openClassifier: (source, how) => startPool(source, { ...how, workerPath, workers, queueDepth, log }),
  });
}
