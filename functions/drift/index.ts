// The Lambda function `functions/drift/index.handler`: EventBridge calls it once a day. docs/drift.md says what it does.
import { BatchClient } from '@aws-sdk/client-batch';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { createLog, createNotify, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { readCounts } from './counts.ts';
import { createHandler } from './handler.ts';
import { measureDrift } from './measurement.ts';
import { submitTraining } from './training.ts';

const configuration = readConfiguration(process.env);
const { store, modelVersion, namespace, limit, training, topicArn, logLevel } = configuration;
/** With fewer answers a day chance alone moves an index: docs/drift.md. */
const leastAnswers = 500;
/** The functions that answer, by their metrics' dimension. */
const services = ['predict', 'stream', 'bulk'];
const source = { client: new CloudWatchClient(), namespace, services };

/** Measures the drift of the last day. */
export const handler = createHandler({
  measure: () =>
    measureDrift({
      store,
      modelVersion,
      leastAnswers,
      now: new Date(),
      read: (names, period) => readCounts(source, names, period),
    }),
  limit,
  train: training && (() => submitTraining(new BatchClient(), training)),
  notify: createNotify(topicArn),
  meter: openMeter(),
  log: createLog({ level: logLevel }),
});
