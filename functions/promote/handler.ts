import { describeFailure, type Log, type Meter } from '../../layers/telemetry/index.ts';
import { type ObjectCreated, readVersion } from './event.ts';
import type { Notify } from './notification.ts';
import type { Outcome } from './promotion.ts';
import { countOutcome, describeOutcome } from './report.ts';

interface Dependencies {
  /** The store's address, which the event must be about. */
  readonly location: string;
  readonly consider: (version: string) => Promise<Outcome>;
  readonly notify: Notify;
  readonly meter: Meter;
  readonly log: Log;
}

/** What Lambda calls. The outcome it returns is read by nobody but tests and people who invoke it by hand. */
export type Handler = (event: ObjectCreated, context?: { readonly awsRequestId?: string }) => Promise<Outcome>;

/** Told or not, what was decided stands: a failure here must not make Lambda judge again. */
async function tell({ notify, log, location }: Dependencies, outcome: Outcome): Promise<void> {
  const message = describeOutcome(outcome, location);
  if (!message) return;
  await notify(message).catch((error: unknown) => {
    log.error('nobody could be told', { subject: message.subject, error: describeFailure(error) });
  });
}

/**
 * Creates the function. It fails, so that Lambda tries again and the alarm rings, only if a version could not be judged;
 * one that was judged and refused is an ordinary outcome.
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
      await tell(dependencies, outcome);
      return outcome;
    } catch (error) {
      log.error('version not judged', { requestId, key: event.detail?.object?.key, error: describeFailure(error) });
      throw error;
    }
  };
}
