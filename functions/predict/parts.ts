// What each version has to do with a request during a canary, for the log and for metrics by version.
import { chooseModel, type LoadedModel, type ServedModel } from '../../layers/prediction/index.ts';

/** The part of a request that one version answers. */
export interface Part {
  readonly variant: 'champion' | 'candidate';
  readonly modelVersion: string;
  /** Texts that it has answered. */
  readonly answers: number;
  /** Milliseconds of the runs for them. */
  readonly runMs: number;
}

/** A text's version and, once it is answered, the milliseconds of its run. */
export interface Run {
  readonly model: LoadedModel;
  readonly runMs?: number | undefined;
}

/** Adds up the parts of a request. */
export function sumParts(served: ServedModel, runs: readonly Run[]): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const { model, runMs } of runs) {
    const modelVersion = model.manifest.version;
    const variant = modelVersion === served.manifest.version ? 'champion' : 'candidate';
    const before = parts.get(modelVersion) ?? { answers: 0, runMs: 0 };
    const answers = before.answers + (runMs === undefined ? 0 : 1);
    parts.set(modelVersion, { variant, modelVersion, answers, runMs: before.runMs + (runMs ?? 0) });
  }
  return [...parts.values()];
}

/** The parts of a request that is not answered yet, so that its error counts for their versions. None without a canary. */
export const showParts = (served: ServedModel, texts: readonly string[]): { readonly parts?: readonly Part[] } =>
  served.candidate
    ? {
        parts: sumParts(
          served,
          texts.map((text) => ({ model: chooseModel(served, text) })),
        ),
      }
    : {};
