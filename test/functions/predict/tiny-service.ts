import { type App, createApp } from '../../../functions/predict/app.ts';
import { readConfiguration } from '../../../functions/predict/configuration.ts';
import type { FindKey } from '../../../functions/predict/keys.ts';
import {
  createModelProvider,
  type LoadedModel,
  loadModel,
  type ModelProvider,
} from '../../../layers/prediction/index.ts';
import { createLog, type Log } from '../../../layers/telemetry/index.ts';
import { writeTinyStore } from './tiny-store.ts';

/** A line of the log, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Creates a log that keeps its lines in memory. */
export function createRecord() {
  const lines: LogLine[] = [];
  const log = createLog({ level: 'debug', write: (line) => void lines.push(JSON.parse(line)) });
  return { lines, log };
}

/** A service on a folder store. Only the model is smaller than in production. */
export interface TinyService {
  readonly app: App;
  readonly models: ModelProvider;
  readonly log: Log;
  readonly lines: readonly LogLine[];
  release(): Promise<void>;
}

/** The configuration of a service on this folder. */
export const configure = (folder: string, version?: string) =>
  readConfiguration({ MODEL_URI: `file://${folder}`, MODEL_THREADS: '1', MODEL_VERSION: version });

/** Loads a tiny model from a store of its own. */
export async function loadTiny(): Promise<LoadedModel> {
  return loadModel(configure(await writeTinyStore()), { log: createRecord().log });
}

/** Creates the application over a folder with or without a store in it; the model loads with the first request. */
export function createTinyService(folder: string, findKey?: FindKey): TinyService {
  const { lines, log } = createRecord();
  const models = createModelProvider(() => loadModel(configure(folder), { log }));
  const release = async () => models.loaded()?.classifier.release();
  return { app: createApp({ models, log, findKey }), models, log, lines, release };
}
