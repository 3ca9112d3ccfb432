// The model of a run: a version by its name, kept from batch to batch.
import {
  type LoadedModel,
  loadModel,
  type ModelSettings,
  predictText,
  removeDownload,
} from '../../layers/prediction/index.ts';
import type { Log } from '../../layers/telemetry/index.ts';
import type { Predict } from './result-rows.ts';

interface Loaded {
  readonly version: string;
  readonly model: Promise<LoadedModel>;
}

/** Creates a function that loads a version, unless it is the one that it loaded last. It keeps one model in memory. */
export function createVersionLoader(settings: ModelSettings, log: Log): (version: string) => Promise<Predict> {
  let loaded: Loaded | undefined;
  return async (version) => {
    if (loaded?.version !== version) {
      await release(loaded);
      loaded = { version, model: loadModel({ ...settings, modelVersion: version }, { log }) };
    }
    const { model } = loaded;
    const ready = await model.catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return async (text) => (await predictText(ready, text)).prediction;
  };

  async function release(former: Loaded | undefined): Promise<void> {
    const model = await former?.model.catch(() => undefined);
    await model?.classifier.release();
    if (model) await removeDownload(settings, model);
  }
}
