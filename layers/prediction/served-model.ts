// The models that answer: the current one and, during a canary, a candidate beside it.
import { isInShare } from '../model-store/index.ts';
import type { LoadedModel } from './loaded-model.ts';

/** The current model, and the candidate with its share of the texts in percent. */
export interface ServedModel extends LoadedModel {
  readonly candidate?: { readonly model: LoadedModel; readonly share: number } | undefined;
}

/** Chooses the version that answers a text. Equal texts get one version. */
export const chooseModel = (served: ServedModel, text: string): LoadedModel =>
  served.candidate && isInShare(text, served.candidate.share) ? served.candidate.model : served;
