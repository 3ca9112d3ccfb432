import { ModelStoreError } from './errors.ts';
import type { Hold, Manifest, Pointer } from './manifest.ts';
import { pointerKey, readPointer } from './published.ts';
import type { ModelStore, WriteCondition } from './types.ts';

/** How many earlier versions the pointer remembers. */
const longestHistory = 20;

/** `current.json` as somebody saw it; both undefined while nothing has been promoted. */
export interface PointerState {
  readonly pointer: Pointer | undefined;
  readonly etag: string | undefined;
}

/**
 * Reads `current.json`, if there is one.
 *
 * @throws ModelStoreError if it is there and cannot be read: what it says about a hold must not be lost.
 */
export async function readPointerState(store: ModelStore): Promise<PointerState> {
  return readPointer(store).catch((error: unknown) => {
    if (error instanceof ModelStoreError && error.missing) return { pointer: undefined, etag: undefined };
    throw error;
  });
}

/** A time as the store writes it: whole seconds, UTC. */
export const toSeconds = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

const unlessEmpty = (versions: readonly string[]) =>
  versions.length > 0 ? versions.slice(0, longestHistory) : undefined;

const without = (versions: readonly string[] | undefined, version: string) =>
  (versions ?? []).filter((other) => other !== version);

/**
 * The pointer to a version, after the one that was. Versions that were current stay known, the latest first, and a hold
 * stays. A version that is made current is no longer a withdrawn one.
 */
export function succeed(old: Pointer | undefined, manifest: Manifest, promotedAt: Date): Pointer {
  const { version } = manifest;
  const previous = old ? without([old.version, ...(old.previous ?? [])], version) : [];
  return {
    ...old,
    schema: 1,
    version,
    promotedAt: toSeconds(promotedAt),
    manifest,
    previous: unlessEmpty(previous),
    withdrawn: unlessEmpty(without(old?.withdrawn, version)),
  };
}

/** The pointer back to an earlier version: held, and with every version above it withdrawn, so that no event brings it back. */
export function retreat(old: Pointer, manifest: Manifest, { since, reason }: Hold): Pointer {
  const known = [old.version, ...(old.previous ?? [])];
  const at = known.indexOf(manifest.version);
  const [left, previous] = at < 0 ? [[old.version], known.slice(1)] : [known.slice(0, at), known.slice(at + 1)];
  return {
    ...old,
    version: manifest.version,
    promotedAt: since,
    manifest,
    previous: unlessEmpty(previous),
    withdrawn: unlessEmpty([...new Set([...left, ...(old.withdrawn ?? [])])]),
    hold: { since, reason },
  };
}

const conditionOf = ({ etag }: PointerState): WriteCondition =>
  etag === undefined ? { ifAbsent: true } : { ifMatch: etag };

/**
 * Replaces `current.json` if it still is what was seen, and returns its new tag. All that decides what is current, the
 * hold too, is this one object, so that no decision is taken on half of it.
 *
 * @throws ModelStoreError with `conflict` if somebody else has changed it.
 */
export function replacePointer(store: ModelStore, seen: PointerState, pointer: Pointer): Promise<string> {
  return store.writeText(pointerKey, `${JSON.stringify(pointer, null, 2)}\n`, conditionOf(seen));
}
