// The environment of a command on this machine: its model and its settings.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Configuration, readConfiguration } from '../functions/predict/configuration.ts';
import { ConfigurationError, findDevice, type ModelSettings } from '../layers/prediction/index.ts';
import type { Log } from '../layers/telemetry/index.ts';
import { UsageError } from './command-line.ts';

/** URI of the model that ships with the project. It does not depend on the current folder. */
export const sampleUri = pathToFileURL(join(import.meta.dirname, '..', '..', 'models', 'sample')).href;

/**
 * Reads the environment. The model is the sample model by default. The processors are divided among the workers, because
 * more threads than processors would only take turns.
 *
 * @throws UsageError that lists every problem.
 */
export function readLocalConfiguration(workers: number): Configuration {
  const configuration = readEnvironment({ ...process.env, MODEL_URI: process.env.MODEL_URI || sampleUri });
  if (process.env.MODEL_THREADS) return configuration;
  return { ...configuration, threads: Math.max(1, Math.floor(configuration.threads / workers)) };
}

function readEnvironment(environment: NodeJS.ProcessEnv): Configuration {
  try {
    return readConfiguration(environment);
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error;
  }
}

/**
 * Finds out once whether there is a GPU, before models are loaded. Logs one line if `auto` takes the CPU.
 *
 * @throws UsageError if `MODEL_DEVICE` demands a GPU that is not there.
 */
export async function settleDevice<T extends Pick<ModelSettings, 'device'>>(settings: T, log: Log): Promise<T> {
  const device = await findDevice(settings, log).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? `${error.message}.` : String(error));
  });
  return device === 'cpu' ? { ...settings, device } : settings;
}
