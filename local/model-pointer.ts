// The changes that `npm run model` makes: to the pointer to the current version, and to its hold.
import { describeRefusal, readVerdict } from '../functions/promote/verdict.ts';
import {
  type CanaryPlan,
  checkComplete,
  findCandidate,
  formatTime,
  type ModelStore,
  type Pointer,
  type PointerState,
  promoteVersion,
  readManifest,
  readPointerState,
  replacePointer,
  rollBackPointer,
  startCanary,
  withdrawCandidate,
} from '../layers/model-store/index.ts';

/** The command is refused, and nothing has changed. The message is one sentence for a person. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

interface Mode {
  /** Only describe what would change. */
  readonly dryRun?: boolean | undefined;
}

const instead = (previous: string | undefined) => (previous ? ` instead of ${previous}` : '');

/** Throws ModelError unless the version's verdict, given here or by the function, is to accept it. */
async function checkAccepted(store: ModelStore, version: string): Promise<void> {
  const verdict = await readVerdict(store, version);
  if (verdict?.outcome === 'accepted') return;
  const why = verdict ? `was refused (${describeRefusal(verdict)})` : 'has not been judged: `verify --write` does that';
  throw new ModelError(`${version} ${why}. --force makes it current all the same.`);
}

/** Reads the pointer. With `force` a pointer that cannot be read counts as none, so that it is replaced. */
async function readStateForPromotion(store: ModelStore, force: boolean): Promise<PointerState> {
  return readPointerState(store).catch((error: unknown) => {
    if (force) return { pointer: undefined, etag: undefined };
    throw error;
  });
}

interface PromotionRequest extends Mode {
  readonly force?: boolean | undefined;
  /** Percent of the texts for the version, which does not become current yet. */
  readonly share?: number | undefined;
  /** Minutes of the share. */
  readonly minutes?: number | undefined;
}

/** Makes a version current, or with a share the candidate of a canary. Returns a sentence about the change. */
export async function promote(store: ModelStore, version: string, request: PromotionRequest): Promise<string> {
  const { dryRun, force = false, share, minutes = 60 } = request;
  const seen = await readStateForPromotion(store, force);
  const { pointer } = seen;
  if (pointer?.version === version) return `${version} is current already; nothing changes.\n`;
  if (!force) await checkAccepted(store, version);
  if (share !== undefined) return offer(store, seen, version, { dryRun, share, minutes });
  const stays = pointer?.hold ? ' The hold stays: `hold --lift` ends it.' : '';
  if (dryRun) {
    await checkComplete(store, await readManifest(store, version));
    return `Would make ${version} current${instead(pointer?.version)}.${stays}\n`;
  }
  const { previous } = await promoteVersion(store, version);
  return `${version} is current${instead(previous)}.${stays}\n`;
}

/** Starts a canary. The promote function ends it in an account; elsewhere a person does, by promotion or rollback. */
async function offer(
  store: ModelStore,
  seen: PointerState,
  version: string,
  { dryRun, ...plan }: Mode & CanaryPlan,
): Promise<string> {
  const pointer = needPointer(seen, store);
  if (pointer.hold) throw new ModelError(`A hold ends every canary (${pointer.hold.reason}): lift it first.`);
  const manifest = await readManifest(store, version);
  await checkComplete(store, manifest);
  const next = startCanary(pointer, manifest, plan, new Date());
  const what = `${plan.share} % of the texts until ${next.candidate.until}, beside ${pointer.version}`;
  if (dryRun) return `Would give ${version} ${what}.\n`;
  await replacePointer(store, seen, next);
  return `${version} gets ${what}.\n`;
}

function needPointer({ pointer }: PointerState, { location }: ModelStore): Pointer {
  if (pointer) return pointer;
  throw new ModelError(`Nothing is current in ${location}: promote a version first.`);
}

interface HoldRequest extends Mode {
  readonly reason?: string | undefined;
}

/**
 * Makes the version before the current one current and sets a hold, in one write. While a canary runs, its candidate is the
 * change that is taken back, and the current version stays.
 */
export async function rollBack(store: ModelStore, { dryRun, reason }: HoldRequest): Promise<string> {
  const seen = await readPointerState(store);
  const pointer = needPointer(seen, store);
  if (findCandidate(pointer, new Date())) return endCanary(store, seen, { dryRun, reason });
  const [target] = pointer.previous ?? [];
  if (target === undefined)
    throw new ModelError(`current.json remembers no version before ${pointer.version}: promote one by its name.`);
  const manifest = await readManifest(store, target);
  await checkComplete(store, manifest);
  if (dryRun) return `Would make ${target} current instead of ${pointer.version}, and hold.\n`;
  const hold = { since: formatTime(new Date()), reason: reason ?? `rolled back from ${pointer.version}` };
  await replacePointer(store, seen, rollBackPointer(pointer, manifest, hold));
  return `${target} is current again instead of ${pointer.version}. ${untilLifted}\n`;
}

/** Withdraws the candidate of a canary and sets a hold, in one write. */
async function endCanary(store: ModelStore, seen: PointerState, { dryRun, reason }: HoldRequest): Promise<string> {
  const pointer = needPointer(seen, store);
  const version = pointer.candidate?.version;
  if (dryRun)
    return `Would withdraw ${version} from its canary, and hold. ${pointer.version} would answer all texts.\n`;
  const hold = { since: formatTime(new Date()), reason: reason ?? `canary of ${version} ended` };
  await replacePointer(store, seen, withdrawCandidate(pointer, hold));
  return `${version} is withdrawn from its canary, and ${pointer.version} answers all texts. ${untilLifted}\n`;
}

const untilLifted = 'Nothing becomes current by itself until `hold --lift`.';

/** Sets the hold, which ends a canary, or lifts it. */
export async function hold(
  store: ModelStore,
  { dryRun, lift = false, reason }: HoldRequest & { readonly lift?: boolean | undefined },
): Promise<string> {
  const seen = await readPointerState(store);
  const pointer = needPointer(seen, store);
  if (lift === !pointer.hold)
    return lift ? 'There is no hold; nothing changes.\n' : `There is a hold already: ${pointer.hold?.reason}.\n`;
  const would = dryRun ? 'Would ' : '';
  const { candidate, ...kept } = pointer;
  if (!dryRun) {
    const set = { since: formatTime(new Date()), reason: reason ?? 'set by hand' };
    await replacePointer(store, seen, { ...kept, hold: lift ? undefined : set });
  }
  const ended = candidate ? ` The canary of ${candidate.version} ends; it waits.` : '';
  if (lift)
    return `${would ? 'Would lift' : 'Lifted'} the hold (${pointer.hold?.reason}). Accepted versions that waited are promoted by name.\n`;
  return `${would ? 'Would hold' : 'On hold'}: nothing becomes current by itself until \`hold --lift\`.${ended}\n`;
}
