// The Lambda function `functions/promote/index.handler`: EventBridge calls it when a version's manifest appears in S3.
import { createLog, openMeter } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createHandler } from './handler.ts';
import { judgeVersion } from './judgement.ts';
import { createNotify } from './notification.ts';
import { considerVersion } from './promotion.ts';

const configuration = readConfiguration(process.env);
const { store, topicArn, logLevel } = configuration;

/** Judges the version of the event and makes it current if it is accepted. */
export const handler = createHandler({
  location: store.location,
  consider: (version) =>
    considerVersion(
      { store, judge: (name, champion) => judgeVersion({ store, configuration }, name, champion) },
      version,
    ),
  notify: createNotify(topicArn),
  meter: await openMeter(),
  log: createLog({ level: logLevel }),
});
