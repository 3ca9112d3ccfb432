// How good the scores of a labelled file are: accuracy, F1, calibration error and confusion matrix.

/** Equal bins of confidence between 0 and 1, as training/model/metrics.py has them. */
const bins = 15;

/** Figures of a labelled file, each 0 to 1. F1 is that of the class positive. */
export interface Quality {
  readonly rows: number;
  readonly accuracy: number;
  readonly f1: number;
  /** Expected calibration error (Guo et al., 2017). */
  readonly ece: number;
  /** Rows by actual class and by the model's class: [negative, positive] × [negative, positive]. */
  readonly confusion: readonly [readonly [number, number], readonly [number, number]];
}

/** Counts rows one by one, so that a file of any length takes the same memory. */
export interface Tally {
  /** @param positive - probability of positive. */
  add(actual: 'negative' | 'positive', positive: number): void;
  /** undefined before the first row. */
  quality(): Quality | undefined;
}

/** Returns the class that a probability of positive stands for. */
export const labelOf = (positive: number): 'negative' | 'positive' => (positive >= 0.5 ? 'positive' : 'negative');

interface Bin {
  confidence: number;
  correct: number;
}

/** Creates a tally without rows. */
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
  const positives = 2 * truePositive + falsePositive + falseNegative;
  return {
    rows,
    accuracy: (trueNegative + truePositive) / rows,
    f1: positives === 0 ? 0 : (2 * truePositive) / positives,
    ece: calibration.reduce((sum, { confidence, correct }) => sum + Math.abs(confidence - correct), 0) / rows,
    confusion,
  };
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

/** Draws the confusion matrix. Its columns are as wide as its widest number. */
function drawConfusion([negative, positive]: Quality['confusion']): string[] {
  const width = Math.max(8, ...[...negative, ...positive].map((count) => String(count).length));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `  ${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(width + 2)).join('')}`;
  return [
    line('', ['negative', 'positive']).concat('  <- the model says'),
    line('is negative', negative),
    line('is positive', positive),
  ];
}

/** Names the labels that the figures leave out. */
function describeOthers(others: ReadonlyMap<string, number>): string[] {
  const named = [...others].map(([label, count]) => `${JSON.stringify(label)} (${count} rows)`);
  if (named.length === 0) return [];
  return [`Not in the figures, because their sentiment is neither positive nor negative: ${named.join(', ')}.`];
}

/** Returns the figures of a labelled file as text. */
export function describeQuality(quality: Quality | undefined, others: ReadonlyMap<string, number>): string {
  if (!quality) return ['No row has a sentiment to compare with.', ...describeOthers(others)].join('\n');
  const { rows, accuracy, f1, ece, confusion } = quality;
  const figures = `Accuracy ${percent(accuracy)}, F1 ${percent(f1)}, ECE ${ece.toFixed(4)} on ${rows} labelled rows.`;
  return [figures, ...drawConfusion(confusion), ...describeOthers(others)].join('\n');
}
