// The Lambda function `functions/predict/index.handler`. Importing it reads the environment and starts the cold start; other
// code takes what it needs from the files beside it.

import { createLog, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createModelProvider, createWatch, removeDownload } from './current-model.ts';
import { initPatience } from './init-phase.ts';
import { createTimeline, loadModel } from './model.ts';
import { waitAtMost } from './patience.ts';

const configuration = readConfiguration(process.env);
const { AWS_LAMBDA_INITIALIZATION_TYPE: initType, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = process.env;
const { logLevel, logText } = configuration;
const log = createLog({ level: logLevel, fields: { initType } });
const watch = createWatch(configuration, { log, onReleased: (model) => removeDownload(configuration, model) });
const timeline = createTimeline();
let onDownloading: () => void = () => undefined;
const downloading = new Promise<void>((resolve) => {
  onDownloading = resolve;
});
const models = createModelProvider(() => loadModel(configuration, { log, timeline, onDownloading }), watch);

// The code that will answer is read while the model's bytes are on their way. Earlier it would hold up the asking for them:
// loading code blocks the thread. If no bytes come it is needed all the same, to say so.
const loading = models.current().catch(() => undefined);
await Promise.race([downloading, loading]);
const [{ createApp }, { createHandler }, { createObserver, recordColdStart, recordLoad }, meter] = await timeline.time(
  'code',
  async () => {
    // From a folder nothing is waited for.
    if (configuration.store.location.startsWith('s3://')) await (await import('./warm-up.ts')).warmUp(models);
    return Promise.all([import('./app.ts'), import('./handler.ts'), import('./observability.ts'), openMeter()]);
  },
);
const environment = { memoryMb: Number(memory ?? 0), architecture: process.arch, initType: initType ?? 'unknown' };
recordColdStart(meter, environment);
const first = loading.then((model) => {
  const load = model?.classifier.loadStages;
  if (model?.pullStages && load) recordLoad(meter, model.pullStages, load);
});
await waitAtMost(initPatience(initType), first);

/** Answers API Gateway. If the model took longer than the init phase allows, the first request goes on waiting for it. */
export const handler = createHandler(
  createApp({ models, log, logText, observe: createObserver(meter, environment) }),
  models.settled,
);
