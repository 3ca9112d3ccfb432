import { isVersionName } from '../../layers/model-store/index.ts';
import {
  describeFailure,
  type Log,
  type Measure,
  type Meter,
  type Notify,
  tellPeople,
} from '../../layers/telemetry/index.ts';
import type { Decision } from './canary.ts';
import { describeDecision, describeOutcome } from './notification.ts';
import type { Outcome } from './promotion.ts';
import type { Snapshot } from './snapshot.ts';

/** The fields that promote reads of EventBridge's "Object Created" event from S3. The key is not URL-encoded. */
export interface ObjectCreated {
  readonly detail: {
    readonly bucket: { readonly name: string };
    readonly object: { readonly key: string };
  };
}

/** What a schedule and the alarms of a canary send. */
export interface CanaryEvent {
  readonly canary: 'decide';
}

/** What a change of `current.json` sends in a deployment with SnapStart. */
export interface SnapshotEvent {
  readonly snapshot: 'publish';
}

type Event = ObjectCreated | CanaryEvent | SnapshotEvent;

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
  /** Decides what becomes of a canary. */
  readonly decide: () => Promise<Decision>;
  /** Publishes a version of predict with the current model in its snapshot. */
  readonly publishSnapshot: () => Promise<Snapshot>;
  readonly notify: Notify;
  readonly meter: Meter;
  readonly log: Log;
}

/** What Lambda calls. Only tests and manual invocations read the returned outcome. */
export type Handler = (
  event: Event,
  context?: { readonly awsRequestId?: string },
) => Promise<Outcome | Decision | Snapshot>;

/**
 * Creates the function. It throws only if a version could not be judged, a canary not be decided or a snapshot not be published;
 * then Lambda retries and the alarm rings. A refused version is an ordinary outcome.
 */
export function createHandler(dependencies: Dependencies): Handler {
  const { log } = dependencies;
  return async (event, { awsRequestId: requestId } = {}) => {
    try {
      if ('canary' in event) return await decideCanary(dependencies, requestId);
      if ('snapshot' in event) return await publishSnapshot(dependencies, requestId);
      return await considerVersion(dependencies, event, requestId);
    } catch (error) {
      log.error(nameFailure(event), {
        requestId,
        ...('detail' in event && describeObject(event)),
        error: describeFailure(error),
      });
      throw error;
    }
  };
}

function nameFailure(event: Event): string {
  if ('canary' in event) return 'canary not decided';
  return 'snapshot' in event ? 'snapshot not published' : 'version not judged';
}

const describeObject = ({ detail }: ObjectCreated) => ({ key: detail?.object?.key });

async function considerVersion(dependencies: Dependencies, event: ObjectCreated, requestId?: string): Promise<Outcome> {
  const { consider, log, meter, location } = dependencies;
  const started = performance.now();
  const outcome = await consider(readVersion(event, location));
  countOutcome(meter, outcome);
  const ms = Math.round(performance.now() - started);
  log.info('version considered', { requestId, ms, ...outcome });
  // The decision stands, and Lambda must not judge the version again, if nobody can be told.
  await tellPeople(dependencies, describeOutcome(outcome, location));
  return outcome;
}

async function decideCanary(dependencies: Dependencies, requestId?: string): Promise<Decision> {
  const { decide, log, meter } = dependencies;
  const decision = await decide();
  countOutcome(meter, decision);
  // Most of the time no canary runs.
  log[decision.kind === 'idle' ? 'debug' : 'info']('canary looked at', { requestId, ...decision });
  await tellPeople(dependencies, describeDecision(decision));
  return decision;
}

async function publishSnapshot({ publishSnapshot: publish, log }: Dependencies, requestId?: string): Promise<Snapshot> {
  const snapshot = await publish();
  log.info('snapshot looked at', { requestId, ...snapshot });
  return snapshot;
}

const countOne = (name: string): readonly Measure[] => [{ name, unit: 'Count', value: 1 }];

/** Counts promoted, refused and withdrawn versions. */
function countOutcome(meter: Meter, { kind }: Outcome | Decision): void {
  if (kind === 'promoted') meter.record(countOne('Promoted'));
  if (kind === 'refused') meter.record(countOne('Refused'));
  if (kind === 'withdrawn') meter.record(countOne('Withdrawn'));
}
