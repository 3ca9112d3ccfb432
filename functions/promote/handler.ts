import { isVersionName } from '../../layers/model-store/index.ts';
import { describeFailure, type Log, type Measure, type Meter } from '../../layers/telemetry/index.ts';
import { describeOutcome, type Notify } from './notification.ts';
import type { Outcome } from './promotion.ts';

/** The fields that promote reads of EventBridge's "Object Created" event from S3. The key is not URL-encoded. */
export interface ObjectCreated {
  readonly detail: {
    readonly bucket: { readonly name: string };
    readonly object: { readonly key: string };
  };
}

/** The event is about another object than a manifest in the store: the EventBridge rule and MODEL_URI do not match. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/**
 * The version whose manifest was created.
 *
 * @param location - the store's address, `s3://bucket/prefix`.
 * @throws EventError for any other object.
 */
export function readVersion({ detail }: ObjectCreated, location: string): string {
  const { bucket, object } = detail;
  const address = `s3://${bucket.name}/${object.key}`;
  const [, version = ''] = /^\/versions\/([^/]+)\/manifest\.json$/.exec(address.slice(location.length)) ?? [];
  if (address.startsWith(location) && isVersionName(version)) return version;
  throw new EventError(
    `${address} is no manifest of a version in ${location}: the rule and MODEL_URI must name one place.`,
  );
}

interface Dependencies {
  /** The store's address. The event must be about an object in it. */
  readonly location: string;
  readonly consider: (version: string) => Promise<Outcome>;
  readonly notify: Notify;
  readonly meter: Meter;
  readonly log: Log;
}

/** What Lambda calls. Only tests and manual invocations read the returned outcome. */
export type Handler = (event: ObjectCreated, context?: { readonly awsRequestId?: string }) => Promise<Outcome>;

/**
 * Creates the function. It throws only if a version could not be judged; then Lambda retries and the alarm rings. A refused
 * version is an ordinary outcome.
 */
export function createHandler(dependencies: Dependencies): Handler {
  const { consider, log, meter, location } = dependencies;
  return async (event, { awsRequestId: requestId } = {}) => {
    const started = performance.now();
    try {
      const outcome = await consider(readVersion(event, location));
      countOutcome(meter, outcome);
      const ms = Math.round(performance.now() - started);
      log.info('version considered', { requestId, ms, ...outcome });
      await sendNotification(dependencies, outcome);
      return outcome;
    } catch (error) {
      log.error('version not judged', { requestId, key: event.detail?.object?.key, error: describeFailure(error) });
      throw error;
    }
  };
}

const countOne = (name: string): readonly Measure[] => [{ name, unit: 'Count', value: 1 }];

/** Counts promoted and refused versions. */
function countOutcome(meter: Meter, { kind }: Outcome): void {
  if (kind === 'promoted') meter.record(countOne('Promoted'));
  if (kind === 'refused') meter.record(countOne('Refused'));
}

/** A failure is only logged: the decision stands, and Lambda must not judge the version again. */
async function sendNotification({ notify, log, location }: Dependencies, outcome: Outcome): Promise<void> {
  const message = describeOutcome(outcome, location);
  if (!message) return;
  await notify(message).catch((error: unknown) => {
    log.error('nobody could be told', { subject: message.subject, error: describeFailure(error) });
  });
}
