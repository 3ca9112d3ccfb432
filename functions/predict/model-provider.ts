import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import type { LoadedModel } from './model.ts';

/** Where the application gets its model from. */
export interface ModelProvider {
  /** The model to answer with; loads it if need be. Rejects if none can be had. */
  current(): Promise<LoadedModel>;
  /** The model that is loaded now, without loading one. */
  loaded(): LoadedModel | undefined;
  /**
   * Lets a task work with the loaded model, which stays usable until the task ends, whatever becomes current meanwhile.
   * It is also where a watching provider notices that it is time to look for a new version; the task does not wait for it.
   *
   * @throws Error if none is loaded: wait for `current` first.
   */
  use<T>(task: (model: LoadedModel) => Promise<T>): Promise<T>;
  /** Resolves when no look for a new version is under way. */
  settled(): Promise<void>;
}

/** How a provider follows what is current. */
export interface Watch {
  /** Whether another version than this model is current. */
  readonly isStale: (model: LoadedModel) => Promise<boolean>;
  /** Least milliseconds between two looks. */
  readonly intervalMs: number;
  readonly log: Log;
  /** Milliseconds of a clock that goes on while the process is frozen. */
  readonly now?: () => number;
  /** Called when a replaced model has been released. */
  readonly onReleased?: (model: LoadedModel) => Promise<void>;
}

/** A model, and how many tasks work with it. */
interface Holding {
  readonly model: LoadedModel;
  uses: number;
  replaced: boolean;
}

/**
 * Loads once for however many ask; a failed load is forgotten, so that the next to ask tries again. With a watch it
 * follows the current version: a look at most once an interval, begun by a request and never by a timer, since a frozen
 * process has no timers to speak of. The new model is loaded while the old one answers; then it takes over in one step,
 * and the old one is released after its last task. If anything fails, the old one stays.
 */
export function createModelProvider(load: () => Promise<LoadedModel>, watch?: Watch): ModelProvider {
  const now = watch?.now ?? Date.now;
  let loading: Promise<LoadedModel> | undefined;
  let holding: Holding | undefined;
  let looking: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const start = () => {
    const startedAt = now();
    const attempt = load().then((model) => {
      lookedAt = startedAt;
      holding = { model, uses: 0, replaced: false };
      return model;
    });
    attempt.catch(() => {
      loading = undefined;
    });
    return attempt;
  };

  const release = async ({ model }: Holding) => {
    try {
      await model.classifier.release();
      await watch?.onReleased?.(model);
    } catch (error) {
      watch?.log.warn('replaced model not released', { error: describeFailure(error) });
    }
  };

  const releaseIfIdle = (old: Holding) => (old.replaced && old.uses === 0 ? release(old) : undefined);

  /** One step without a pause in it: no request sees half of it. */
  const replace = async (old: Holding, model: LoadedModel) => {
    holding = { model, uses: 0, replaced: false };
    loading = Promise.resolve(model);
    old.replaced = true;
    await releaseIfIdle(old);
  };

  const look = async (old: Holding, { isStale, log }: Watch) => {
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

  /** A clock that was set back must not stop the looking. */
  const isDue = (interval: number) => Math.abs(now() - lookedAt) >= interval;

  const lookIfDue = (current: Holding) => {
    if (!watch || looking || !isDue(watch.intervalMs)) return;
    lookedAt = now();
    looking = look(current, watch).finally(() => {
      looking = undefined;
    });
  };

  return {
    current: () => {
      loading ??= start();
      return loading;
    },
    loaded: () => holding?.model,
    use: async (task) => {
      const held = holding;
      if (!held) throw new Error('no model is loaded');
      held.uses += 1;
      lookIfDue(held);
      try {
        return await task(held.model);
      } finally {
        held.uses -= 1;
        releaseIfIdle(held);
      }
    },
    settled: async () => looking,
  };
}
