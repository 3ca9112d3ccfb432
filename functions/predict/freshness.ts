import { readPointerIfChanged } from '../../layers/model-store/index.ts';
import type { Configuration } from './configuration.ts';
import type { LoadedModel } from './model.ts';
import type { Watch } from './model-provider.ts';

/** Milliseconds after which a store that does not answer is left alone until the next look. */
const patienceMs = 10_000;

/**
 * Creates the question whether another version is current: a conditional read, which costs one small request, and no
 * body while nothing has changed. A pointer that changed and names the same version (a hold was set) is remembered.
 */
export function createStaleCheck({ store }: Pick<Configuration, 'store'>): Watch['isStale'] {
  let seen: { readonly version: string; readonly etag: string } | undefined;
  return async ({ manifest: { version }, pointerEtag = '' }: LoadedModel) => {
    const etag = seen?.version === version ? seen.etag : pointerEtag;
    const changed = await readPointerIfChanged(store, etag, { signal: AbortSignal.timeout(patienceMs) });
    if (!changed) return false;
    seen = { version: changed.pointer.version, etag: changed.etag };
    return changed.pointer.version !== version;
  };
}

/** How a service with this configuration follows the current version; undefined if it is pinned to one. */
export function createWatch(configuration: Configuration, rest: Omit<Watch, 'isStale' | 'intervalMs'>) {
  const { modelVersion, refreshMs } = configuration;
  if (modelVersion !== undefined) return undefined;
  return { ...rest, isStale: createStaleCheck(configuration), intervalMs: refreshMs };
}
