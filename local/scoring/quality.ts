/** Equal bins of confidence between 0 and 1, as training/metrics.py has them. */
const bins = 15;

/** How good the scores are, each figure 0 to 1. Of a class: F1 is that of positive. */
export interface Quality {
  readonly rows: number;
  readonly accuracy: number;
  readonly f1: number;
  /** Expected calibration error (Guo et al., 2017). */
  readonly ece: number;
  /** Rows by what they are and what the model says: [negative, positive] × [negative, positive]. */
  readonly confusion: readonly [readonly [number, number], readonly [number, number]];
}

/** Counts rows one by one, so that a file of any length takes the same memory. */
export interface Tally {
  /** @param positive - probability of positive. */
  add(actual: 'negative' | 'positive', positive: number): void;
  /** undefined before the first row. */
  quality(): Quality | undefined;
}

/** The class that a probability of positive says. */
export const labelOf = (positive: number): 'negative' | 'positive' => (positive >= 0.5 ? 'positive' : 'negative');

interface Bin {
  confidence: number;
  correct: number;
}

export function createTally(): Tally {
  const confusion: [[number, number], [number, number]] = [
    [0, 0],
    [0, 0],
  ];
  const calibration: Bin[] = Array.from({ length: bins }, () => ({ confidence: 0, correct: 0 }));
  return {
    add: (actual, positive) => {
      const correct = labelOf(positive) === actual;
      const confidence = Math.max(positive, 1 - positive);
      confusion[actual === 'positive' ? 1 : 0][labelOf(positive) === 'positive' ? 1 : 0] += 1;
      const bin = calibration[Math.min(Math.floor(confidence * bins), bins - 1)];
      if (bin) Object.assign(bin, { confidence: bin.confidence + confidence, correct: bin.correct + Number(correct) });
    },
    quality: () => measure(confusion, calibration),
  };
}

function measure(confusion: Quality['confusion'], calibration: readonly Bin[]): Quality | undefined {
  const [[trueNegative, falsePositive], [falseNegative, truePositive]] = confusion;
  const rows = trueNegative + falsePositive + falseNegative + truePositive;
  if (rows === 0) return undefined;
  const named = 2 * truePositive + falsePositive + falseNegative;
  return {
    rows,
    accuracy: (trueNegative + truePositive) / rows,
    f1: named === 0 ? 0 : (2 * truePositive) / named,
    ece: calibration.reduce((sum, { confidence, correct }) => sum + Math.abs(confidence - correct), 0) / rows,
    confusion,
  };
}
