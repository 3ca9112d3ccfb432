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

/** What became of a version that appeared. */
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

/** How often a pointer that moves meanwhile is looked at anew. */
const attempts = 3;

/** Names begin with the time, so that their order is that of making. */
function findReasonToRest(pointer: Pointer | undefined, version: string): string | undefined {
  if (!pointer) return undefined;
  if (pointer.version === version) return 'it is current already';
  if (pointer.withdrawn?.includes(version)) return 'a person has rolled it back';
  return version < pointer.version ? `it is older than the current version ${pointer.version}` : undefined;
}

/**
 * The verdict that counts now. One that stands was given against the version that was current then; if another is
 * current by now, the comparison is made again, and decides, but what is written stays.
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
  const rest = findReasonToRest(seen.pointer, version);
  if (rest !== undefined) return { kind: 'unchanged', version, reason: rest };
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
 * Judges a version that has appeared and makes it current if it is accepted. Safe to be told twice, late, or beside
 * another: what is current, withdrawn or older stays as it is; a verdict is written once; the pointer moves only if it is
 * still the one that was judged against, or else all is looked at again.
 *
 * @throws ModelStoreError if the version cannot be read, the store is out of reach, or the pointer moves all the time.
 */
export async function considerVersion(dependencies: Dependencies, version: string): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await considerOnce(dependencies, version);
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
    }
  }
}
