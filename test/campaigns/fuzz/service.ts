// The service that is asked: the Lambda handler's application on the tiny model, with the page, keys and feedback.
import { join } from 'node:path';
import { createApp } from '../../../functions/predict/app.ts';
import { createHandler, type Handler } from '../../../functions/predict/handler.ts';
import { findKeyName, hashKey } from '../../../functions/predict/keys.ts';
import { createObserver } from '../../../functions/predict/observability.ts';
import { createModelProvider, loadModel } from '../../../layers/prediction/index.ts';
import { createLog } from '../../../layers/telemetry/index.ts';
import { configure } from '../../functions/predict/tiny-service.ts';
import { threeClasses, writeTinyStore } from '../../functions/predict/tiny-store.ts';
import { key } from './headers.ts';

/** A service, without and with keys. Both have the same model. */
export interface FuzzedService {
  readonly open: Handler;
  readonly closed: Handler;
  release(): Promise<void>;
}

/**
 * Creates the service on a tiny model of three classes.
 *
 * @param dist - the built project, whose page is served; without it there is no page.
 */
export async function createFuzzedService(folder: string, dist?: string): Promise<FuzzedService> {
  const store = await writeTinyStore(join(folder, 'store'), threeClasses);
  const log = createLog({ level: 'info', write: () => undefined });
  const models = createModelProvider(() => loadModel(configure(store), { log }));
  const meter = { record: (measures: unknown) => void JSON.stringify(measures) };
  const observe = createObserver(
    meter,
    { memoryMb: 1769, architecture: 'x64', initType: 'on-demand' },
    { drift: true },
  );
  const keys = [{ name: 'fuzz', sha256: hashKey(key), created: '2026-11-28' }];
  const shared = {
    models,
    log,
    logText: true,
    observe,
    feedback: { keep: async () => undefined, texts: true },
    pageFolder: dist && join(dist, 'page'),
  };
  const options = { log, settled: models.settled };
  await models.current();
  return {
    open: createHandler(createApp(shared), options),
    closed: createHandler(createApp({ ...shared, findKey: async (one) => findKeyName(keys, one) }), options),
    release: async () => models.loaded()?.classifier.release(),
  };
}
