import { type Classifier, loadClassifier, loadTokenizer, type Tokenize } from '../../layers/inference/index.ts';
import type { PulledModel } from '../../layers/model-store/index.ts';

/** A version in the serving runtime. */
export interface TriedModel {
  readonly tokenize: Tokenize;
  readonly classifier: Classifier;
}

/** The two labels that the service's answer has places for. */
const neededLabels = ['negative', 'positive'];

/**
 * Loads a version as serving does.
 *
 * @throws InferenceError, or an Error about labels that the service cannot answer with.
 */
export async function loadTriedModel(pulled: PulledModel, threads: number): Promise<TriedModel> {
  const { labels, maxTokens, temperature } = pulled.manifest;
  if (labels.length !== 2 || !neededLabels.every((label) => labels.includes(label)))
    throw new Error(`its labels are ${labels.join(', ')}; the service needs negative and positive`);
  const { modelPath, tokenizerPath } = pulled;
  const classifier = await loadClassifier({ modelPath, tokenizerPath, labels, maxTokens, temperature }, { threads });
  return { classifier, tokenize: await loadTokenizer(tokenizerPath, maxTokens) };
}
