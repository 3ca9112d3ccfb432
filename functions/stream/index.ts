// The Lambda function `functions/stream/index.handler`: Lambda calls it with the messages of an SQS queue.
import { createModelProvider, createWatch, loadModel, removeDownload } from '../../layers/prediction/index.ts';
import { createLog, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createSendDeadLetter } from './dead-letters.ts';
import { createDelivery } from './delivery.ts';
import { createHandler } from './handler.ts';
import { createPublish } from './topic.ts';

const configuration = readConfiguration(process.env);
const { logLevel, deliveryStream, deadLettersUrl, topicArn, drift } = configuration;
const log = createLog({ level: logLevel });
const watch = createWatch(configuration, { log, onReleased: (model) => removeDownload(configuration, model) });
const models = createModelProvider(() => loadModel(configuration, { log }), watch);

// The first batch waits for this load, or tries again if it failed.
models.current().catch(() => undefined);

/** Scores the messages of a batch. Those that it returns, or all if it throws, stay in the queue. */
export const handler = createHandler({
  models,
  deliver: createDelivery(deliveryStream),
  publish: topicArn === undefined ? undefined : createPublish(topicArn),
  sendDeadLetter: createSendDeadLetter(deadLettersUrl),
  drift,
  meter: openMeter(),
  log,
});
