import type { ServedModel } from './served-model.ts';

/** Where the application gets its model from. A provider that watches for a new current version fits the same interface. */
export interface ModelProvider {
  /** The model to answer with; loads it if need be. Rejects if none can be had. */
  current(): Promise<ServedModel>;
  /** The model that is loaded now, without loading one. */
  loaded(): ServedModel | undefined;
}

/** Loads once for however many ask. A failed load is forgotten, so that the next to ask tries again. */
export function createModelProvider(load: () => Promise<ServedModel>): ModelProvider {
  let loading: Promise<ServedModel> | undefined;
  let model: ServedModel | undefined;
  const start = () => {
    const attempt = load();
    attempt.then(
      (loaded) => {
        model = loaded;
      },
      () => {
        loading = undefined;
      },
    );
    return attempt;
  };
  return {
    current: () => {
      loading ??= start();
      return loading;
    },
    loaded: () => model,
  };
}
