// How a provider learns which version is current, and which one gets a share of the texts.
import { findCandidate, readPointerIfChanged } from '../model-store/index.ts';
import type { Log } from '../telemetry/index.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { ModelSettings } from './model-settings.ts';

/** A version and its share of the texts, in percent. */
export interface Offer {
  readonly version: string;
  readonly share: number;
}

/** The versions that should answer: the current one and, during a canary, a candidate. */
export interface Wanted {
  readonly version: string;
  readonly candidate: Offer | undefined;
}

/** How a provider follows the current version. */
export interface Watch {
  /** Finds out which versions should answer. The model is the one that does. */
  readonly look: (model: LoadedModel) => Promise<Wanted>;
  /** Least milliseconds between two looks. */
  readonly intervalMs: number;
  readonly log: Log;
  /** Loads a candidate. Without it there are no canaries here: the current version answers all texts. */
  readonly loadCandidate?: (version: string) => Promise<LoadedModel>;
  /** Called when a candidate could not be loaded; the reason is in the log. */
  readonly onCandidateFailed?: (version: string) => void;
  /** Milliseconds of a clock that keeps running while the process is frozen. */
  readonly now?: () => number;
  /** Called when a replaced model has been released. */
  readonly onReleased?: (model: LoadedModel) => Promise<void>;
}

/** Milliseconds after which a look gives up on a store that does not answer. */
const lookTimeoutMs = 10_000;

/**
 * Creates the look at `current.json`. It is a conditional read: one small request, which returns no body while nothing has
 * changed since the last look, or since the model was loaded.
 */
export function createLook({ store }: Pick<ModelSettings, 'store'>, now = () => new Date()): Watch['look'] {
  let seen: LoadedModel['pointer'];
  return async (model) => {
    seen ??= model.pointer;
    const signal = AbortSignal.timeout(lookTimeoutMs);
    seen = (await readPointerIfChanged(store, seen?.etag ?? '', { signal })) ?? seen;
    if (!seen) return { version: model.manifest.version, candidate: undefined };
    const candidate = findCandidate(seen.pointer, now());
    return {
      version: seen.pointer.version,
      candidate: candidate && { version: candidate.version, share: candidate.share },
    };
  };
}

/** Creates the watch that the settings ask for; undefined if the service is pinned to a version. */
export function createWatch(settings: ModelSettings, rest: Omit<Watch, 'look' | 'intervalMs'>): Watch | undefined {
  const { modelVersion, refreshMs } = settings;
  if (modelVersion !== undefined) return undefined;
  return { ...rest, look: createLook(settings), intervalMs: refreshMs };
}
