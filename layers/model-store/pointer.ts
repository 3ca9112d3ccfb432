import type { Hold, Manifest, Pointer } from './documents.ts';
import { explainMissing, ModelStoreError } from './errors.ts';
import type { Cancellable, ModelStore, ReadableStore, WriteCondition } from './types.ts';

/** The pointer's key, in every store. */
export const pointerKey = 'current.json';

/** A pointer and its tag. */
export interface StoredPointer {
  readonly pointer: Pointer;
  readonly etag: string;
}

/** Reads `current.json`, which holds the promoted version's whole manifest: one small read. */
export async function readPointer(store: ReadableStore, options: Cancellable = {}): Promise<StoredPointer> {
  const reading = store.readText(pointerKey, options).catch((error: unknown) => {
    throw explainMissing(error, 'no model has been promoted yet. Promote a published version, or name one');
  });
  const [{ text, etag }, { parsePointer }] = await Promise.all([reading, import('./documents.ts')]);
  return { pointer: parsePointer(text, { location: store.location, key: pointerKey }), etag };
}

/** Reads `current.json` if its tag is no longer the one given; returns undefined if it still is. */
export async function readPointerIfChanged(
  store: ReadableStore,
  etag: string,
  options: Cancellable = {},
): Promise<StoredPointer | undefined> {
  const stored = await store.readTextIfChanged(pointerKey, etag, options);
  if (!stored) return undefined;
  const { parsePointer } = await import('./documents.ts');
  return { pointer: parsePointer(stored.text, { location: store.location, key: pointerKey }), etag: stored.etag };
}

/** `current.json` as it was read; both fields are undefined if no version has been promoted yet. */
export interface PointerState {
  readonly pointer: Pointer | undefined;
  readonly etag: string | undefined;
}

/**
 * Reads `current.json`, if there is one.
 *
 * @throws ModelStoreError if it exists and cannot be read: a hold in it must not be lost.
 */
export async function readPointerState(store: ModelStore): Promise<PointerState> {
  return readPointer(store).catch((error: unknown) => {
    if (error instanceof ModelStoreError && error.missing) return { pointer: undefined, etag: undefined };
    throw error;
  });
}

/**
 * Replaces `current.json` if it is still the one that was read, and returns its new tag. Everything that decides which
 * version is current, the hold included, is in this one object. So a decision never rests on half of it.
 *
 * @throws ModelStoreError with `conflict` if another publisher has changed it.
 */
export function replacePointer(store: ModelStore, read: PointerState, pointer: Pointer): Promise<string> {
  return store.writeText(pointerKey, `${JSON.stringify(pointer, null, 2)}\n`, conditionOf(read));
}

const conditionOf = ({ etag }: PointerState): WriteCondition =>
  etag === undefined ? { ifAbsent: true } : { ifMatch: etag };

/** How many earlier versions the pointer remembers. */
const longestHistory = 20;

/** A time as the store writes it: UTC in whole seconds. */
export const formatTime = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * Returns the pointer to a version that follows the old one. Earlier versions stay in `previous`, the latest first. A
 * hold stays. The new current version is no longer withdrawn. A canary ends.
 */
export function advancePointer(old: Pointer | undefined, manifest: Manifest, promotedAt: Date): Pointer {
  const { version } = manifest;
  const previous = old ? without([old.version, ...(old.previous ?? [])], version) : [];
  const { candidate: _, ...kept } = old ?? {};
  return {
    ...kept,
    schema: 1,
    version,
    promotedAt: formatTime(promotedAt),
    manifest,
    previous: unlessEmpty(previous),
    withdrawn: unlessEmpty(without(old?.withdrawn, version)),
  };
}

/**
 * Returns the pointer back to an earlier version. It has a hold, and all later versions are withdrawn, a candidate too: no
 * event brings them back.
 */
export function rollBackPointer(old: Pointer, manifest: Manifest, { since, reason }: Hold): Pointer {
  const { candidate, ...kept } = old;
  const known = [old.version, ...(old.previous ?? [])];
  const at = known.indexOf(manifest.version);
  const [left, previous] = at < 0 ? [[old.version], known.slice(1)] : [known.slice(0, at), known.slice(at + 1)];
  return {
    ...kept,
    version: manifest.version,
    promotedAt: since,
    manifest,
    previous: unlessEmpty(previous),
    withdrawn: withdraw(old, candidate ? [candidate.version, ...left] : left),
    hold: { since, reason },
  };
}

/** The withdrawn versions of a pointer with some more, which come first. */
export const withdraw = (old: Pointer, versions: readonly string[]): string[] | undefined =>
  unlessEmpty([...new Set([...versions, ...(old.withdrawn ?? [])])]);

const unlessEmpty = (versions: readonly string[]) =>
  versions.length > 0 ? versions.slice(0, longestHistory) : undefined;

const without = (versions: readonly string[] | undefined, version: string) =>
  (versions ?? []).filter((other) => other !== version);
