import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFailure } from '../telemetry/index.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Offer, Watch } from './pointer-watch.ts';
import type { ServedModel } from './served-model.ts';

/** Gives the application its model. */
export interface ModelProvider {
  /** The current model. Loads it first if needed. Rejects if it cannot be loaded. */
  current(): Promise<LoadedModel>;
  /** The model that is loaded now. Never starts a load. */
  loaded(): ServedModel | undefined;
  /**
   * Runs a task with the loaded model. The model and its candidate stay usable until the task ends, even if another version
   * becomes current meanwhile. A provider with a watch looks here whether a new version is due; the task does not wait for the
   * look.
   *
   * @throws Error if no model is loaded: wait for `current` first.
   */
  use<T>(task: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Looks for a new version now, whenever the last look was. Resolves when a new version has replaced the old one. */
  refresh(): Promise<void>;
  /** Resolves when the look for a new version that is running has ended; undefined if none is. */
  settled(): Promise<void> | undefined;
}

/** A model and the number of tasks that use it. */
interface ModelInUse {
  readonly model: LoadedModel;
  tasks: number;
  replaced: boolean;
}

const toUse = (model: LoadedModel): ModelInUse => ({ model, tasks: 0, replaced: false });

const versionOf = (used: ModelInUse | undefined) => used?.model.manifest.version;

/** The models that answer now. A request keeps the ones that it began with. */
interface Active {
  readonly champion: ModelInUse;
  readonly candidate: ModelInUse | undefined;
  readonly served: ServedModel;
}

/**
 * Loads a model once for all callers. A failed load is forgotten, so that the next caller tries again. So does a caller that
 * came while it ran.
 *
 * With a watch the provider follows the current version. A request starts the look, at most once per interval. A timer
 * would not work, because Lambda freezes the process between requests. The new model loads while the old one answers. Then
 * it replaces the old one in one step, and the old one is released after its last task. If anything fails, the old model
 * stays. See docs/decisions/0031-looks-for-a-new-model.md.
 *
 * During a canary the candidate is loaded beside the current model, and released after it. If it cannot be loaded, the current
 * model answers everything.
 */
export function createModelProvider(load: () => Promise<LoadedModel>, watch?: Watch): ModelProvider {
  const now = watch?.now ?? Date.now;
  let loading: Promise<LoadedModel> | undefined;
  let active: Active | undefined;
  let checking: Promise<void> | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;

  /** The switch has no `await` in it, so that every request sees either the old or the new models. */
  const activate = (champion: ModelInUse, candidate?: ModelInUse, share = 0): Active => {
    const { model } = champion;
    const served = candidate ? { ...model, candidate: { model: candidate.model, share } } : model;
    active = { champion, candidate, served };
    return active;
  };

  const loadFirst = () => {
    const startedAt = now();
    const attempt = load().then((model) => {
      // A canary that runs already is not waited for. The first request looks for it.
      if (!model.pointer?.pointer.candidate) checkedAt = startedAt;
      activate(toUse(model));
      return model;
    });
    attempt.catch(() => {
      loading = undefined;
    });
    return attempt;
  };

  const loadOnce = () => {
    loading ??= loadFirst();
    return loading;
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

  const retire = (old: ModelInUse) => {
    old.replaced = true;
    return releaseIfUnused(old);
  };

  const dropCandidate = async (old: Active, { log }: Watch): Promise<Active> => {
    if (!old.candidate) return old;
    log.info('candidate dropped', { modelVersion: versionOf(old.candidate) });
    const next = activate(old.champion);
    await retire(old.candidate);
    return next;
  };

  /** A candidate that is promoted is loaded already. */
  const replaceChampion = async ({ champion, candidate, served }: Active, version: string, { log }: Watch) => {
    const promoted = versionOf(candidate) === version ? candidate : undefined;
    const next = promoted ?? toUse(await load());
    log.info('model replaced', { modelVersion: versionOf(next), previousVersion: versionOf(champion) });
    const switched = activate(next, promoted ? undefined : candidate, served.candidate?.share);
    loading = Promise.resolve(next.model);
    await retire(champion);
    return switched;
  };

  const followCandidate = async ({ champion, candidate }: Active, { version, share }: Offer, watch: Watch) => {
    if (versionOf(candidate) === version) return void activate(champion, candidate, share);
    if (!watch.loadCandidate) return;
    try {
      activate(champion, toUse(await watch.loadCandidate(version)), share);
      watch.log.info('candidate answers', { modelVersion: version, share });
    } catch (error) {
      watch.log.error('candidate not loaded', { modelVersion: version, error: describeFailure(error) });
      watch.onCandidateFailed?.(version);
    }
  };

  /** A candidate that is no longer wanted goes first, so that there are never three models in memory. */
  const check = async (old: Active, watch: Watch) => {
    let now = old;
    try {
      const { version, candidate } = await watch.look(old.champion.model);
      if (![version, candidate?.version].includes(versionOf(now.candidate))) now = await dropCandidate(now, watch);
      if (version !== versionOf(now.champion)) now = await replaceChampion(now, version, watch);
      if (candidate) await followCandidate(now, candidate, watch);
    } catch (error) {
      watch.log.warn('model not refreshed', { modelVersion: versionOf(now.champion), error: describeFailure(error) });
    }
  };

  /** Checks also after the clock was set back. */
  const isDue = (interval: number) => Math.abs(now() - checkedAt) >= interval;

  const startCheck = (used: Active, following: Watch) => {
    checkedAt = now();
    checking = check(used, following).finally(() => {
      checking = undefined;
    });
    return checking;
  };

  const checkIfDue = (used: Active) => {
    if (watch && !checking && isDue(watch.intervalMs)) startCheck(used, watch);
  };

  const begin = (used: ModelInUse) => {
    used.tasks += 1;
  };
  const end = (used: ModelInUse) => {
    used.tasks -= 1;
    releaseIfUnused(used);
  };

  return {
    // The load that runs may fail because of what was wrong before this caller came.
    current: () => loading?.catch(loadOnce) ?? loadOnce(),
    loaded: () => active?.served,
    use: async (task) => {
      const used = active;
      if (!used) throw new Error('no model is loaded');
      begin(used.champion);
      if (used.candidate) begin(used.candidate);
      checkIfDue(used);
      try {
        return await task(used.served);
      } finally {
        end(used.champion);
        if (used.candidate) end(used.candidate);
      }
    },
    refresh: async () => {
      await checking;
      if (active && watch) await startCheck(active, watch);
    },
    settled: () => checking,
  };
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
