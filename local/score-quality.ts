// How good the answers for labelled texts are: accuracy, F1, recall, calibration error and confusion matrix.
import { findLikeliest } from '../layers/inference/index.ts';

/** Equal bins of confidence between 0 and 1, as training/model/metrics.py has them. */
const bins = 15;

/** Figures of a labelled file, each 0 to 1. */
export interface Quality {
  readonly rows: number;
  readonly accuracy: number;
  /** F1 of the class positive. */
  readonly f1: number;
  /** Mean of the F1 of the classes that have rows. */
  readonly macroF1: number;
  /** Mean of the recall of the classes that have rows. */
  readonly macroRecall: number;
  /** Of each class, in the order of `labels`; 0 for a class without rows. */
  readonly recall: readonly number[];
  /** Expected calibration error (Guo et al., 2017) of the likeliest class. */
  readonly ece: number;
  readonly labels: readonly string[];
  /** Rows by actual class and by the model's class, both in the order of `labels`. */
  readonly confusion: readonly (readonly number[])[];
}

/** Counts rows one by one, so that a file of any length takes the same memory. */
export interface Tally {
  /** @param probabilities - one for each class, in the order of the labels. */
  add(actual: string, probabilities: readonly number[]): void;
  /** undefined before the first row. */
  quality(): Quality | undefined;
}

interface Bin {
  confidence: number;
  correct: number;
}

/** Creates a tally without rows. */
export function createTally(labels: readonly string[]): Tally {
  const confusion = labels.map(() => labels.map(() => 0));
  const calibration: Bin[] = Array.from({ length: bins }, () => ({ confidence: 0, correct: 0 }));
  return {
    add: (actual, probabilities) => {
      const answered = findLikeliest(labels, probabilities);
      const confidence = Math.max(...probabilities);
      const row = confusion[labels.indexOf(actual)];
      const column = labels.indexOf(answered);
      if (row) row[column] = (row[column] ?? 0) + 1;
      const bin = calibration[Math.min(Math.floor(confidence * bins), bins - 1)];
      if (!bin) return;
      bin.confidence += confidence;
      bin.correct += Number(answered === actual);
    },
    quality: () => measure(labels, confusion, calibration),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

function measure(
  labels: readonly string[],
  confusion: Quality['confusion'],
  calibration: readonly Bin[],
): Quality | undefined {
  const actual = confusion.map(sum);
  const rows = sum(actual);
  if (rows === 0) return undefined;
  const answered = labels.map((_, column) => sum(confusion.map((row) => row[column] ?? 0)));
  const hits = confusion.map((row, index) => row[index] ?? 0);
  const recall = hits.map((hit, index) => ratio(hit, actual[index] ?? 0));
  const meanOf = (figures: readonly number[]) =>
    sum(figures.filter((_, index) => actual[index])) / actual.filter(Boolean).length;
  const f1 = hits.map((hit, index) => ratio(2 * hit, (actual[index] ?? 0) + (answered[index] ?? 0)));
  return {
    rows,
    accuracy: sum(hits) / rows,
    f1: f1[labels.indexOf('positive')] ?? 0,
    macroF1: meanOf(f1),
    macroRecall: meanOf(recall),
    recall,
    ece: sum(calibration.map(({ confidence, correct }) => Math.abs(confidence - correct))) / rows,
    labels,
    confusion,
  };
}
