// What becomes of a canary: its candidate becomes current at the end, or is withdrawn when an alarm rings.
import {
  advancePointer,
  type Candidate,
  findCandidate,
  type ModelStore,
  type Pointer,
  readPointerState,
  replacePointer,
  withdrawCandidate,
} from '../../layers/model-store/index.ts';
import type { Alarm } from './alarms.ts';
import { retryConflicts } from './promotion.ts';

/** The result of looking at a canary. `previous` is the version that was current, `champion` the one that stays. */
export type Decision =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly version: string; readonly until: string }
  | { readonly kind: 'promoted'; readonly version: string; readonly previous: string }
  | {
      readonly kind: 'withdrawn';
      readonly version: string;
      readonly champion: string;
      readonly alarms: readonly string[];
    };

interface Dependencies {
  readonly store: ModelStore;
  readonly readAlarms: () => Promise<readonly Alarm[]>;
  readonly now?: () => Date;
}

/** An alarm looks at the last ten minutes at most: two periods of five. */
const alarmWindowMs = 600_000;

/** An alarm that began to ring before the canary may ring because of the candidate before. Ten minutes later it does not. */
const concerns = ({ ringing, changedAt }: Alarm, since: Date, now: Date): boolean =>
  ringing && (changedAt >= since || now.getTime() - since.getTime() > alarmWindowMs);

/**
 * Decides what becomes of the canary, if one runs. If an alarm rings, the candidate is withdrawn. If its minutes are over,
 * it becomes current. The pointer moves by compare-and-swap, so that a person who changes it at the same time wins.
 *
 * @throws ModelStoreError if the store is out of reach, or the pointer changes at every attempt; what `readAlarms` throws.
 *   Nothing has changed then.
 */
export const decideCanary = (dependencies: Dependencies): Promise<Decision> =>
  retryConflicts(() => decideOnce(dependencies));

async function decideOnce({ store, readAlarms, now = () => new Date() }: Dependencies): Promise<Decision> {
  const seen = await readPointerState(store);
  const time = now();
  const candidate = seen.pointer && findCandidate(seen.pointer, time);
  if (!seen.pointer || !candidate) return { kind: 'idle' };
  const since = new Date(candidate.since);
  const ringing = (await readAlarms()).filter((alarm) => concerns(alarm, since, time)).map(({ name }) => name);
  const { pointer, decision } = decide(seen.pointer, candidate, { ringing, time });
  if (pointer) await replacePointer(store, seen, pointer);
  return decision;
}

interface Findings {
  /** Names of the alarms that ring because of the candidate. */
  readonly ringing: readonly string[];
  readonly time: Date;
}

function decide(
  pointer: Pointer,
  { version, manifest, until }: Candidate,
  { ringing, time }: Findings,
): { readonly decision: Decision; readonly pointer?: Pointer } {
  if (ringing.length > 0)
    return {
      decision: { kind: 'withdrawn', version, champion: pointer.version, alarms: ringing },
      pointer: withdrawCandidate(pointer),
    };
  if (time < new Date(until)) return { decision: { kind: 'running', version, until } };
  return {
    decision: { kind: 'promoted', version, previous: pointer.version },
    pointer: advancePointer(pointer, manifest, time),
  };
}
