import type { Feature } from '../../layers/prediction/index.ts';
import type { Message } from '../../layers/telemetry/index.ts';
import type { FeatureDrift, Measurement } from './measurement.ts';

/** What each feature is, and its bins. docs/drift.md has the same. */
const bins: Readonly<Record<Exclude<Feature, 'class'>, readonly string[]>> = {
  score: ['below 0.6', '0.6', '0.8', '0.9', 'from 0.95'],
  length: ['to 16 tokens', '17', '65', 'from 257'],
  unknown: ['none', 'below a tenth', 'a tenth or more'],
};

const percents = (counts: readonly number[]) => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => `${Math.round((100 * count) / Math.max(1, total))} %`).join(', ');
};

/** What became of the training run that drift may start. */
export type Retraining = 'off' | 'started' | 'recent' | 'failed';

const retrainings: Readonly<Record<Retraining, string>> = {
  off: 'No training was started: retrainOnDrift is off.',
  started: 'A training run was started.',
  recent: 'No training was started: drift has started one within the last week.',
  failed: 'No training was started: the run could not be submitted, and the log says why.',
};

function describeFeature(feature: Feature, { index, expected, actual }: FeatureDrift): string {
  const names = feature === 'class' ? '' : ` (${bins[feature].join('; ')})`;
  return `${feature} ${index.toFixed(3)}${names}: ${percents(expected)} on the validation rows, ${percents(actual)} now`;
}

/** The features whose index has reached the limit. */
export const listDrifted = ({ features }: Extract<Measurement, { kind: 'measured' }>, limit: number): Feature[] =>
  (Object.keys(features) as Feature[]).filter((feature) => features[feature].index >= limit);

/** The message about a day; undefined if nobody has to do anything. */
export function describeMeasurement(
  measurement: Measurement,
  { limit, retraining }: { readonly limit: number; readonly retraining: Retraining },
): Message | undefined {
  const { kind } = measurement;
  if (kind === 'no histograms' && measurement.recent)
    return {
      subject: 'Drift is not measured',
      text: `Model ${measurement.version} is older than the measurement of drift: its manifest has no metrics.distribution. The next model that training makes has it.`,
    };
  if (kind !== 'measured') return undefined;
  const drifted = listDrifted(measurement, limit);
  if (drifted.length === 0) return undefined;
  const { version, answers, features } = measurement;
  return {
    subject: `Callers' texts have drifted: ${drifted.join(', ')}`,
    text: [
      `The ${answers} answers of the last day differ from those on the validation rows of model ${version}.`,
      `Population stability index, from ${limit} on:`,
      ...drifted.map((feature) => `- ${describeFeature(feature, features[feature])}`),
      retrainings[retraining],
    ].join('\n'),
  };
}
