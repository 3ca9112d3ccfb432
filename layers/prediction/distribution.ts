// The bins in which answers are counted, so that the answers of a day can be compared with those on the validation rows:
// docs/drift.md. training/release/distribution.py has the same bins; both are tested on test/fixtures/distribution.json.
import type { Measure } from '../telemetry/index.ts';

/** What a prediction is counted by. */
export interface CountedPrediction {
  readonly label: string;
  /** Probability of the label, 0 to 1. */
  readonly score: number;
  /** Tokens that the model read, its two markers counted. */
  readonly tokens: number;
  /** Those of them that the model does not know. */
  readonly unknown: number;
}

/** The place of a prediction among the bins of each feature, from 0. */
export interface Bins {
  readonly score: number;
  readonly length: number;
  readonly unknown: number;
}

/** Least score of each bin after the first. */
const scoreEdges = [0.6, 0.8, 0.9, 0.95];
/** Least tokens of each bin after the first. */
const lengthEdges = [17, 65, 257];
/** Texts without an unknown token, with some, and with a tenth or more. */
const unknownBins = 3;

const place = (value: number, edges: readonly number[]) => edges.filter((edge) => value >= edge).length;

/** Finds the bins of a prediction. */
export const binsOf = ({ score, tokens, unknown }: Omit<CountedPrediction, 'label'>): Bins => ({
  score: place(score, scoreEdges),
  length: place(tokens, lengthEdges),
  unknown: unknown === 0 ? 0 : unknown * 10 < tokens ? 1 : 2,
});

const nameBins = (name: string, bins: number) => Array.from({ length: bins }, (_, index) => `${name}Bin${index + 1}`);

const binMetrics = {
  score: nameBins('Score', scoreEdges.length + 1),
  length: nameBins('Length', lengthEdges.length + 1),
  unknown: nameBins('Unknown', unknownBins),
};

/** The metric that counts the answers of a class: `Positive`. */
export const nameClassMetric = (label: string): string => `${label.charAt(0).toUpperCase()}${label.slice(1)}`;

/** A feature by which answers are compared. */
export type Feature = keyof Bins | 'class';

/** The names of the metrics that count each feature's bins, in the order of the bins or of the model's labels. */
export const listBinMetrics = (labels: readonly string[]): Readonly<Record<Feature, readonly string[]>> => ({
  ...binMetrics,
  class: labels.map(nameClassMetric),
});

/** Turns names, one for each thing that is counted, into counts for a meter. */
function count(names: readonly string[]): readonly Measure[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, value]) => ({ name, unit: 'Count', value }));
}

/** Counts predictions by bin. Classes are not among the counts, nor are bins without a prediction. */
export const countBins = (predictions: readonly Omit<CountedPrediction, 'label'>[]): readonly Measure[] =>
  count(
    predictions.flatMap((prediction) => {
      const { score, length, unknown } = binsOf(prediction);
      return [binMetrics.score[score], binMetrics.length[length], binMetrics.unknown[unknown]].map(String);
    }),
  );

/** Counts predictions by class. */
export const countClasses = (predictions: readonly Pick<CountedPrediction, 'label'>[]): readonly Measure[] =>
  count(predictions.map(({ label }) => nameClassMetric(label)));
