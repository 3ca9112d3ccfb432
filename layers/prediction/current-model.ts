import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readPointerIfChanged } from '../model-store/index.ts';
import { describeFailure, type Log } from '../telemetry/index.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { ModelSettings } from './model-settings.ts';

/** Gives the application its model. */
export interface ModelProvider {
  /** The current model. Loads it first if needed. Rejects if it cannot be loaded. */
  current(): Promise<LoadedModel>;
  /** The model that is loaded now. Never starts a load. */
  loaded(): LoadedModel | undefined;
  /**
   * Runs a task with the loaded model. The model stays usable until the task ends, even if another version becomes current
   * meanwhile. A provider with a watch checks here whether a new version is due; the task does not wait for the check.
   *
   * @throws Error if no model is loaded: wait for `current` first.
   */
  use<T>(task: (model: LoadedModel) => Promise<T>): Promise<T>;
  /** Resolves when no check for a new version is running. */
  settled(): Promise<void> | undefined;
}

/** How a provider follows the current version. */
export interface Watch {
  /** Whether another version than this model is current. */
  readonly isStale: (model: LoadedModel) => Promise<boolean>;
  /** Least milliseconds between two checks. */
  readonly intervalMs: number;
  readonly log: Log;
  /** Milliseconds of a clock that keeps running while the process is frozen. */
  readonly now?: () => number;
  /** Called when a replaced model has been released. */
  readonly onReleased?: (model: LoadedModel) => Promise<void>;
}

/** A model and the number of tasks that use it. */
interface ModelInUse {
  readonly model: LoadedModel;
  tasks: number;
  replaced: boolean;
}

/**
 * Loads a model once for all callers. A failed load is forgotten, so that the next caller tries again.
 *
 * With a watch the provider follows the current version. A request starts the check, at most once per interval. A timer
 * would not work, because Lambda freezes the process between requests. The new model loads while the old one answers. Then
 * it replaces the old one in one step, and the old one is released after its last task. If anything fails, the old model
 * stays. See docs/decisions/0031-looks-for-a-new-model.md.
 */
export function createModelProvider(load: () => Promise<LoadedModel>, watch?: Watch): ModelProvider {
  const now = watch?.now ?? Date.now;
  let loading: Promise<LoadedModel> | undefined;
  let active: ModelInUse | undefined;
  let checking: Promise<void> | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;

  const loadFirst = () => {
    const startedAt = now();
    const attempt = load().then((model) => {
      checkedAt = startedAt;
      active = { model, tasks: 0, replaced: false };
      return model;
    });
    attempt.catch(() => {
      loading = undefined;
    });
    return attempt;
  };

  const release = async ({ model }: ModelInUse) => {
    try {
      await model.classifier.release();
      await watch?.onReleased?.(model);
    } catch (error) {
      watch?.log.warn('replaced model not released', { error: describeFailure(error) });
    }
  };

  const releaseIfUnused = (old: ModelInUse) => (old.replaced && old.tasks === 0 ? release(old) : undefined);

  /** The switch has no `await` in it, so that every request sees either the old or the new model. */
  const replace = async (old: ModelInUse, model: LoadedModel) => {
    active = { model, tasks: 0, replaced: false };
    loading = Promise.resolve(model);
    old.replaced = true;
    await releaseIfUnused(old);
  };

  const check = async (old: ModelInUse, { isStale, log }: Watch) => {
    const { version } = old.model.manifest;
    try {
      if (!(await isStale(old.model))) return;
      const model = await load();
      log.info('model replaced', { modelVersion: model.manifest.version, previousVersion: version });
      await replace(old, model);
    } catch (error) {
      log.warn('model not refreshed', { modelVersion: version, error: describeFailure(error) });
    }
  };

  /** Checks also after the clock was set back. */
  const isDue = (interval: number) => Math.abs(now() - checkedAt) >= interval;

  const checkIfDue = (used: ModelInUse) => {
    if (!watch || checking || !isDue(watch.intervalMs)) return;
    checkedAt = now();
    checking = check(used, watch).finally(() => {
      checking = undefined;
    });
  };

  return {
    current: () => {
      loading ??= loadFirst();
      return loading;
    },
    loaded: () => active?.model,
    use: async (task) => {
      const used = active;
      if (!used) throw new Error('no model is loaded');
      used.tasks += 1;
      checkIfDue(used);
      try {
        return await task(used.model);
      } finally {
        used.tasks -= 1;
        releaseIfUnused(used);
      }
    },
    settled: () => checking,
  };
}

/** Milliseconds after which a check gives up on a store that does not answer. */
const checkTimeoutMs = 10_000;

/**
 * Creates the check whether another version is current. It is a conditional read of the pointer: one small request, which
 * returns no body while nothing has changed. If the pointer changed but names the same version (a hold was set), the check
 * remembers the new ETag.
 */
export function createStaleCheck({ store }: Pick<ModelSettings, 'store'>): Watch['isStale'] {
  let seen: { readonly version: string; readonly etag: string } | undefined;
  return async ({ manifest: { version }, pointerEtag = '' }: LoadedModel) => {
    const etag = seen?.version === version ? seen.etag : pointerEtag;
    const changed = await readPointerIfChanged(store, etag, { signal: AbortSignal.timeout(checkTimeoutMs) });
    if (!changed) return false;
    seen = { version: changed.pointer.version, etag: changed.etag };
    return changed.pointer.version !== version;
  };
}

/** Creates the watch that the settings ask for; undefined if the service is pinned to a version. */
export function createWatch(settings: ModelSettings, rest: Omit<Watch, 'isStale' | 'intervalMs'>) {
  const { modelVersion, refreshMs } = settings;
  if (modelVersion !== undefined) return undefined;
  return { ...rest, isStale: createStaleCheck(settings), intervalMs: refreshMs };
}

/**
 * Deletes the downloaded files of a model that is no longer served. The disk of a function is small, and each switch would
 * fill it further. Call it only in a process that has the folder to itself. A folder store is read in place, so nothing of it
 * is deleted.
 */
export async function removeDownload(
  { store, modelDirectory }: Pick<ModelSettings, 'store' | 'modelDirectory'>,
  { manifest }: Pick<LoadedModel, 'manifest'>,
): Promise<void> {
  if (!store.location.startsWith('s3://')) return;
  await rm(join(modelDirectory, 'versions', manifest.version), { recursive: true, force: true });
}
