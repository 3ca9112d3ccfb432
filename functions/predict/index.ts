// The Lambda function `functions/predict/index.handler`. Importing it reads the environment and starts the cold start. Other
// code imports the files beside it.

import { join } from 'node:path';
import {
  createModelProvider,
  createTimeline,
  createWatch,
  loadModel,
  removeDownload,
} from '../../layers/prediction/index.ts';
import { createLineWriter, createLog, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { initTimeout, withTimeout } from './timeout.ts';

const configuration = readConfiguration(process.env);
const { AWS_LAMBDA_INITIALIZATION_TYPE: initType, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = process.env;
const { logLevel, logText, drift } = configuration;
const isSnapshot = initType === 'snap-start';
const pageFolder = configuration.page ? join(import.meta.dirname, '..', '..', 'page') : undefined;
const write = createLineWriter();
const log = createLog({ level: logLevel, fields: { initType }, write });
const timeline = createTimeline();
let onDownloading: () => void = () => undefined;
const downloading = new Promise<void>((resolve) => {
  onDownloading = resolve;
});
let onCandidateFailed: () => void = () => undefined;
const watch = createWatch(configuration, {
  log,
  loadCandidate: (modelVersion) => loadModel({ ...configuration, modelVersion }, { log }),
  onCandidateFailed: () => onCandidateFailed(),
  onReleased: (model) => removeDownload(configuration, model),
});
const models = createModelProvider(() => loadModel(configuration, { log, timeline, onDownloading }), watch);

/**
 * Runs one dummy request. The first request loads much of Node and of the libraries (20 ms), and there is time for that
 * while the model's bytes arrive. The request has no sentence, so it needs no model and is rejected.
 */
async function warmUp(): Promise<void> {
  const { createApp } = await import('./app.ts');
  const silent = createLog({ level: 'error', write: () => undefined });
  await createApp({ models, log: silent }).request('/predict');
}

/** Finds the keys of a deployment that asks for them. Others do not load the code. */
async function openKeys(parameter: string | undefined) {
  if (parameter === undefined) return undefined;
  const [{ openKeyFinder, parseKeys }, { readParameter }] = await Promise.all([
    import('./keys.ts'),
    import('./parameter-store.ts'),
  ]);
  const read = async () => parseKeys((await readParameter(parameter, process.env)) ?? '{"keys":[]}');
  return openKeyFinder({ read, log, later: isSnapshot });
}

/** Finds where feedback goes, in a deployment that takes it. Others do not load the code. */
async function openFeedback({ feedbackStream, feedbackText }: typeof configuration) {
  if (feedbackStream === undefined) return undefined;
  const { createFeedbackStream } = await import('./feedback-stream.ts');
  return { keep: createFeedbackStream(feedbackStream, process.env), texts: feedbackText };
}

// The code that answers requests is loaded while the model's bytes arrive. Loading it earlier would block the thread and
// delay the requests for those bytes. If no bytes come, the code is needed all the same, to report that.
const loading = models.current().catch(() => undefined);
await Promise.race([downloading, loading]);
const [{ createApp }, { createHandler }, { createLightResponse }, observability, findKey, feedback] =
  await timeline.time('code', async () => {
    // A model in a folder has no download to wait for.
    if (configuration.store.location.startsWith('s3://')) await warmUp();
    return Promise.all([
      import('./app.ts'),
      import('./handler.ts'),
      import('./light-response.ts'),
      import('./observability.ts'),
      openKeys(configuration.keysParameter),
      openFeedback(configuration),
    ]);
  });
globalThis.Response = createLightResponse(Response);
const { createObserver, recordCandidateFailure, recordColdStart, recordLoad } = observability;
const meter = openMeter(process.env, write);
onCandidateFailed = () => recordCandidateFailure(meter);
const environment = { memoryMb: Number(memory ?? 0), architecture: process.arch, initType: initType ?? 'unknown' };
const recordStart = () => recordColdStart(meter, environment);
if (!isSnapshot) recordStart();
const firstLoad = loading.then((model) => {
  const stages = model?.classifier.loadStages;
  if (model?.pullStages && stages) recordLoad(meter, model.pullStages, stages);
});
await withTimeout(initTimeout(initType), firstLoad);

const answer = createHandler(
  createApp({
    models,
    log,
    logText,
    findKey,
    feedback,
    pageFolder,
    observe: createObserver(meter, environment, { drift }),
  }),
  { log, settled: models.settled },
);

/** Answers API Gateway. If the model needs longer than the init phase allows, the first request waits for it. */
export const handler = isSnapshot
  ? (await import('./restoration.ts')).createRestoredHandler(answer, { ...configuration, models, recordStart })
  : answer;
