import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Configuration, readConfiguration } from '../functions/predict/configuration.ts';

/** The built local/worker, beside the bundle that this file is in. */
export const workerPath = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** The model that ships with the project, wherever the command is called from. */
export const sampleUri = pathToFileURL(join(import.meta.dirname, '..', '..', 'models', 'sample')).href;

/**
 * Reads the environment of a command on this machine: the sample model by default, and as many threads for each worker as
 * the processors allow. More threads than processors would only take turns.
 *
 * @throws ConfigurationError that lists every problem.
 */
export function readLocalConfiguration(workers: number, environment = process.env): Configuration {
  const configuration = readConfiguration({ ...environment, MODEL_URI: environment.MODEL_URI || sampleUri });
  if (environment.MODEL_THREADS) return configuration;
  return { ...configuration, threads: Math.max(1, Math.floor(configuration.threads / workers)) };
}
