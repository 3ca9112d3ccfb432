import type { Tokenize } from '../../layers/inference/index.ts';
import type { OpenClassifier } from './served-model.ts';
import type { Timeline } from './timeline.ts';

/** Makes a classifier in this process, in two steps. */
export interface Opening {
  /** Reads what can be read before the model is there: the code, ONNX Runtime's library, the tokenizer. */
  prepare(tokenizerPath: string, maxTokens: number): void;
  readonly open: OpenClassifier;
}

/** A failure shows where the result is used; until then it must only not count as unhandled. */
function hush<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Nothing is loaded until it is prepared or opened: before, loading would hold up the requests for the model's bytes. */
export function createOpening({ time }: Timeline): Opening {
  const load = () => import('../../layers/inference/index.ts');
  let tokenizer: Promise<Tokenize> | undefined;
  return {
    prepare: (path, maxTokens) => {
      tokenizer = hush(load().then(({ loadTokenizer }) => time('tokenizer', () => loadTokenizer(path, maxTokens))));
      hush(load().then(({ loadRuntime }) => time('runtime', loadRuntime)));
    },
    open: async (source, options) => (await load()).loadClassifier(source, { ...options, tokenizer }),
  };
}
