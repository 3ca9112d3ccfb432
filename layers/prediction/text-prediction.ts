// What the service says of one text, by its label, probabilities and findings.
import type {
  Classification,
  Classifier,
  Explanation,
  RunStages,
  TextWindow,
  UnreliableReason,
  WindowedClassification,
} from '../inference/index.ts';
import { formatProbability, nameProbabilities } from './classes.ts';
import type { LoadedModel } from './loaded-model.ts';

/** How a text is to be read. */
export interface PredictionParameters {
  /** `cut` reads the beginning of a long text, `windows` all of it. */
  readonly long: 'cut' | 'windows';
  /** Whether to say what each word contributes to the label. */
  readonly explain: boolean;
}

/** What the model says of one text. The OpenAPI document of functions/predict describes the fields. */
export interface Prediction {
  readonly label: string;
  readonly score: number;
  readonly probabilities: Record<string, number>;
  readonly tokens: number;
  readonly unknown: number;
  readonly truncated: boolean;
  readonly dropped?: number;
  readonly reliable: boolean;
  readonly reason?: UnreliableReason;
  readonly windows?: TextWindow[];
  readonly explanation?: Explanation;
}

/** A prediction, the probabilities in label order that it comes from, and the milliseconds of its stages. */
export interface TimedPrediction {
  readonly prediction: Prediction;
  readonly probabilities: readonly number[];
  readonly stages: RunStages;
}

let inference: Promise<typeof import('../inference/index.ts')> | undefined;

/** The layer's code, which a cold start loads while the model's bytes arrive. Importing it for each answer would take 0.04 ms. */
export const loadInference = () => {
  inference ??= import('../inference/index.ts');
  return inference;
};

/**
 * Classifies a text. An answer never depends on other texts.
 *
 * @throws WindowsTooManyError if the text has more windows than are read.
 * @throws what the classifier throws.
 */
export async function predictText(
  { classifier, manifest }: LoadedModel,
  text: string,
  parameters: PredictionParameters = { long: 'cut', explain: false },
): Promise<TimedPrediction> {
  const { explain, findLikeliest, judgeReliability } = await loadInference();
  const inWindows = parameters.long === 'windows';
  const classification: Classification & Partial<WindowedClassification> = inWindows
    ? await classifyLong(classifier, text, parameters)
    : await classifier.classify(text);
  const { probabilities, stages, windows } = classification;
  const label = findLikeliest(manifest.labels, probabilities);
  const common = createPrediction(manifest.labels, label, classification);
  const { score } = common;
  const reason = judgeReliability(text, classification);
  const prediction = {
    ...common,
    reliable: reason === undefined,
    ...(reason && { reason }),
    ...(windows && { windows: windows.map(roundScore) }),
    ...(parameters.explain && { explanation: await explain(classifier, text, { label, score, windows: inWindows }) }),
  };
  return { prediction, probabilities, stages };
}

/** Classifies all of a text, by windows if it is longer than the model reads. */
async function classifyLong(
  classifier: Classifier,
  text: string,
  { explain }: PredictionParameters,
): Promise<WindowedClassification> {
  const { classifyWindows, maxExplainedWindows, maxWindows } = await loadInference();
  return classifyWindows(classifier, text, explain ? maxExplainedWindows : maxWindows);
}

const roundScore = (window: TextWindow) => ({ ...window, score: Number(formatProbability(window.score)) });

/** What every prediction has. */
function createPrediction(labels: readonly string[], label: string, classification: Classification) {
  const { probabilities: values, tokens, unknown, dropped } = classification;
  const probabilities = nameProbabilities(labels, values);
  const score = probabilities[label] ?? Number.NaN;
  const cut = dropped > 0 ? { dropped } : {};
  return { label, score, probabilities, tokens, unknown, truncated: dropped > 0, ...cut };
}
