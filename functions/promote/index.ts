// The Lambda function `functions/promote/index.handler`: EventBridge calls it when a version's manifest appears in S3, to decide
// about a canary, and to publish a snapshot with the current model.
import { createLog, createNotify, openMeter } from '../../layers/telemetry/index.ts';
import { createReadAlarms } from './alarms.ts';
import { decideCanary } from './canary.ts';
import { readConfiguration } from './configuration.ts';
import { createHandler } from './handler.ts';
import { judgeVersion } from './judgement.ts';
import { considerVersion } from './promotion.ts';
import { publishSnapshot } from './snapshot.ts';

const configuration = readConfiguration(process.env);
const { store, topicArn, logLevel, canary, canaryAlarms, snapshot: target } = configuration;

/** Judges the version of the event, and promotes it if it is accepted; or decides about a canary; or publishes a snapshot. */
export const handler = createHandler({
  location: store.location,
  consider: (version) =>
    considerVersion(
      { store, canary, judge: (name, champion) => judgeVersion({ store, configuration }, name, champion) },
      version,
    ),
  publishSnapshot: () => publishSnapshot({ store, target }),
  decide: () => decideCanary({ store, readAlarms: createReadAlarms(canaryAlarms) }),
  notify: createNotify(topicArn),
  meter: openMeter(),
  log: createLog({ level: logLevel }),
});
