import {
  advancePointer,
  type Manifest,
  type ModelStore,
  ModelStoreError,
  type Pointer,
  type PointerState,
  readManifest,
  readPointerState,
  replacePointer,
} from '../../layers/model-store/index.ts';
import { readVerdict, type Verdict, writeVerdict } from './verdict.ts';

/** The result of considering a new version. */
export type Outcome =
  | { readonly kind: 'promoted'; readonly version: string; readonly previous: string | undefined; verdict: Verdict }
  | { readonly kind: 'held'; readonly version: string; readonly verdict: Verdict; readonly reason: string }
  | { readonly kind: 'refused'; readonly version: string; readonly verdict: Verdict }
  | { readonly kind: 'unchanged'; readonly version: string; readonly reason: string };

/** Judges a version against the current one; undefined if there is none. */
export type Judge = (version: string, champion: Manifest | undefined) => Promise<Verdict>;

interface Dependencies {
  readonly store: ModelStore;
  readonly judge: Judge;
  readonly now?: () => Date;
}

/** Attempts, if the pointer changes while a version is judged. */
const maxAttempts = 3;

/** Version names begin with their time, so that their order is the order of creation. */
function findReasonToSkip(pointer: Pointer | undefined, version: string): string | undefined {
  if (!pointer) return undefined;
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
  const { store, now = () => new Date() } = dependencies;
  const seen = await readPointerState(store);
  const reason = findReasonToSkip(seen.pointer, version);
  if (reason !== undefined) return { kind: 'unchanged', version, reason };
  const { verdict, standing } = await findVerdict(dependencies, version, seen.pointer?.manifest);
  if (verdict.outcome === 'refused')
    return standing
      ? { kind: 'unchanged', version, reason: 'it was refused before' }
      : { kind: 'refused', version, verdict };
  if (seen.pointer?.hold) return { kind: 'held', version, verdict, reason: seen.pointer.hold.reason };
  await moveTo(store, { seen, version, now });
  return { kind: 'promoted', version, previous: seen.pointer?.version, verdict };
}

interface Move {
  readonly seen: PointerState;
  readonly version: string;
  readonly now: () => Date;
}

async function moveTo(store: ModelStore, { seen, version, now }: Move): Promise<void> {
  const manifest = await readManifest(store, version);
  await replacePointer(store, seen, advancePointer(seen.pointer, manifest, now()));
}

const isConflict = (error: unknown) => error instanceof ModelStoreError && error.conflict;

/**
 * Judges a new version and makes it current if it is accepted. The event may come twice, late, or at the same time as another
 * one: a version that is current, withdrawn or older than the current one changes nothing, a verdict is written once, and the
 * pointer moves by compare-and-swap. If the pointer changed meanwhile, the version is considered again.
 *
 * @throws ModelStoreError if the version cannot be read, the store is out of reach, or the pointer changes at every attempt.
 */
export async function considerVersion(dependencies: Dependencies, version: string): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await considerOnce(dependencies, version);
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error;
    }
  }
}
