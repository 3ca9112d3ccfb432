import {
  advancePointer,
  type CanaryPlan,
  findCandidate,
  type Manifest,
  type ModelStore,
  ModelStoreError,
  type Pointer,
  readManifest,
  readPointerState,
  replacePointer,
  startCanary,
} from '../../layers/model-store/index.ts';
import { readVerdict, type Verdict, writeVerdict } from './verdict.ts';

/** The result of considering a new version. */
export type Outcome =
  | { readonly kind: 'promoted'; readonly version: string; readonly previous: string | undefined; verdict: Verdict }
  | {
      readonly kind: 'candidate';
      readonly version: string;
      readonly champion: string;
      readonly share: number;
      readonly until: string;
      readonly verdict: Verdict;
    }
  | { readonly kind: 'held'; readonly version: string; readonly verdict: Verdict; readonly reason: string }
  | { readonly kind: 'refused'; readonly version: string; readonly verdict: Verdict }
  | { readonly kind: 'unchanged'; readonly version: string; readonly reason: string };

/** Judges a version against the current one; undefined if there is none. */
export type Judge = (version: string, champion: Manifest | undefined) => Promise<Verdict>;

interface Dependencies {
  readonly store: ModelStore;
  readonly judge: Judge;
  /** With it an accepted version gets a share of the texts before it becomes current. */
  readonly canary?: CanaryPlan | undefined;
  readonly now?: () => Date;
}

/** Attempts, if the pointer changes meanwhile. */
const maxAttempts = 3;

/** Version names begin with their time, so that their order is the order of creation. */
function findReasonToSkip(pointer: Pointer | undefined, version: string, now: Date): string | undefined {
  if (!pointer) return undefined;
  const candidate = findCandidate(pointer, now);
  if (candidate?.version === version) return 'it is the candidate of a canary already';
  if (candidate && version < candidate.version) return `it is older than the candidate ${candidate.version}`;
  if (pointer.version === version) return 'it is current already';
  if (pointer.withdrawn?.includes(version)) return 'a person has rolled it back';
  return version < pointer.version ? `it is older than the current version ${pointer.version}` : undefined;
}

/**
 * The verdict that decides now. An earlier verdict compared the version with the one that was current then. If another
 * version is current now, the comparison runs again and decides, but the written verdict stays.
 */
async function findVerdict({ store, judge }: Dependencies, version: string, champion: Manifest | undefined) {
  const standing = await readVerdict(store, version);
  if (!standing) return { verdict: await writeVerdict(store, await judge(version, champion)), standing: false };
  if (standing.outcome === 'refused' || standing.champion === (champion?.version ?? null))
    return { verdict: standing, standing: true };
  return { verdict: await judge(version, champion), standing: false };
}

async function considerOnce(dependencies: Dependencies, version: string): Promise<Outcome> {
  const { store, canary, now = () => new Date() } = dependencies;
  const seen = await readPointerState(store);
  const reason = findReasonToSkip(seen.pointer, version, now());
  if (reason !== undefined) return { kind: 'unchanged', version, reason };
  const { verdict, standing } = await findVerdict(dependencies, version, seen.pointer?.manifest);
  if (verdict.outcome === 'refused')
    return standing
      ? { kind: 'unchanged', version, reason: 'it was refused before' }
      : { kind: 'refused', version, verdict };
  if (seen.pointer?.hold) return { kind: 'held', version, verdict, reason: seen.pointer.hold.reason };
  const manifest = await readManifest(store, version);
  const { pointer, ...outcome } = accept(seen.pointer, manifest, { canary, now: now() });
  await replacePointer(store, seen, pointer);
  return { ...outcome, version, verdict };
}

interface Acceptance {
  readonly canary: CanaryPlan | undefined;
  readonly now: Date;
}

/** The pointer with the accepted version: as the candidate of a canary, or as the current one. The first is current at once. */
function accept(old: Pointer | undefined, manifest: Manifest, { canary, now }: Acceptance) {
  if (!old || !canary)
    return { kind: 'promoted' as const, previous: old?.version, pointer: advancePointer(old, manifest, now) };
  const pointer = startCanary(old, manifest, canary, now);
  const { share, until } = pointer.candidate;
  return { kind: 'candidate' as const, champion: old.version, share, until, pointer };
}

const isConflict = (error: unknown) => error instanceof ModelStoreError && error.conflict;

/**
 * Judges a new version and, if it is accepted, makes it current or the candidate of a canary. A canary that runs ends with the
 * older candidate. The event may come twice, late, or at the same time as another one: a version that is current, a candidate,
 * withdrawn or older than one of them changes nothing, a verdict is written once, and the pointer moves by compare-and-swap. If
 * the pointer changed meanwhile, the version is considered again.
 *
 * @throws ModelStoreError if the version cannot be read, the store is out of reach, or the pointer changes at every attempt.
 */
export const considerVersion = (dependencies: Dependencies, version: string): Promise<Outcome> =>
  retryConflicts(() => considerOnce(dependencies, version));

/** Runs a decision again if the pointer changed before it could be written. */
export async function retryConflicts<T>(decide: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await decide();
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error;
    }
  }
}
