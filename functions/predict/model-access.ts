// Gives a request the models that answer it, for as long as it takes.
import { chooseModel, type LoadedModel, type ModelProvider, type ServedModel } from '../../layers/prediction/index.ts';
import { ApiError } from './errors.ts';
import { withTimeout } from './timeout.ts';

/** Where requests have their models from. */
export interface ModelAccess {
  readonly models: ModelProvider;
  /** Milliseconds that a request waits for a model that is loading. API Gateway gives up after 30 s. */
  readonly modelTimeoutMs?: number;
}

/**
 * Waits for a model, then answers with the models of that moment from beginning to end.
 *
 * @throws ApiError `MODEL_UNAVAILABLE` if there is none in time.
 */
export async function withModel<T>(
  { models, modelTimeoutMs = 25_000 }: ModelAccess,
  answer: (served: ServedModel) => Promise<T>,
): Promise<T> {
  // Without a timer, which a loaded model does not need.
  const model =
    models.loaded() ??
    (await withTimeout(modelTimeoutMs, models.current()).catch((cause: unknown) => {
      throw new ApiError('MODEL_UNAVAILABLE', { cause });
    }));
  if (!model) throw new ApiError('MODEL_UNAVAILABLE');
  return models.use(answer);
}

/** What a request asks about. */
interface Asked {
  /** Aborts when nobody waits for the answer. */
  readonly signal: AbortSignal;
}

/** Answers a text by the version that it belongs to. */
export const withText = <T>(
  access: ModelAccess,
  { text, signal }: Asked & { readonly text: string },
  answer: (model: LoadedModel, served: ServedModel) => Promise<T>,
): Promise<T> =>
  withModel(access, (served) =>
    takeTurns(chooseModel(served, text), { texts: 1, signal }, (model) => answer(model, served)),
  );

/** Answers texts, some of which may belong to the candidate of a canary. */
export const withTexts = <T>(
  access: ModelAccess,
  { texts, signal }: Asked & { readonly texts: readonly string[] },
  answer: (served: ServedModel) => Promise<T>,
): Promise<T> =>
  withModel(access, (served) => {
    const { candidate } = served;
    if (!candidate) return takeTurns(served, { texts: texts.length, signal }, answer);
    const offered = texts.filter((text) => chooseModel(served, text) !== served).length;
    return takeTurns(candidate.model, { texts: offered, signal }, (model) =>
      takeTurns({ ...served, candidate: { ...candidate, model } }, { texts: texts.length - offered, signal }, answer),
    );
  });

/**
 * Answers with a classifier that knows which texts belong together, where requests take turns.
 *
 * @param asked - how many texts the request has for this classifier.
 */
async function takeTurns<M extends LoadedModel, T>(
  model: M,
  { texts, signal }: Asked & { readonly texts: number },
  answer: (model: M) => Promise<T>,
): Promise<T> {
  const classifier = texts > 0 ? model.classifier.forRequest?.(texts, signal) : undefined;
  if (!classifier) return answer(model);
  return answer({ ...model, classifier }).finally(() => classifier.release());
}
