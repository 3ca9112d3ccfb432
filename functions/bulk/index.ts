// The Lambda functions `functions/bulk/index.split`, `.score` and `.join`: the steps of the state machine in infra/bulk/.
import { S3Client } from '@aws-sdk/client-s3';
import { readManifest, readPointer } from '../../layers/model-store/index.ts';
import { countBins, countClasses, type Prediction } from '../../layers/prediction/index.ts';
import { createLog, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createHandler } from './handler.ts';
import { joinBatches } from './join.ts';
import { createObjects } from './objects.ts';
import { type BatchRequest, scoreBatch } from './score.ts';
import { type SplitRequest, splitFile } from './split.ts';
import { createVersionLoader } from './version-loader.ts';

const configuration = readConfiguration(process.env);
const { bucket, drift, logLevel, modelVersion, prefix, scale, store } = configuration;

const log = createLog({ level: logLevel });
const objects = createObjects(new S3Client(), bucket);
const meter = openMeter();
const observe = (predictions: readonly Prediction[]) =>
  meter.record([...countBins(predictions), ...countClasses(predictions)]);
const loadVersion = createVersionLoader(configuration, log);

async function pinModel(version = modelVersion) {
  if (version === undefined) return (await readPointer(store)).pointer.manifest;
  return readManifest(store, version);
}

/** Reads a file and writes its rows in batches. */
export const split = createHandler(
  'split',
  (request: SplitRequest) => splitFile(request, { objects, prefix, pinModel }),
  log,
);

/** Scores one batch. */
export const score = createHandler(
  'score',
  (request: BatchRequest) =>
    scoreBatch(request, { objects, prefix, loadVersion, observe: drift ? observe : undefined }),
  log,
);

/** Joins the results and writes the summary. */
export const join = createHandler(
  'join',
  (request: { readonly run: string }) => joinBatches(request, { objects, prefix, scale }),
  log,
);
