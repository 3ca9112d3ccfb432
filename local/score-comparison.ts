// What `npm run score` reports about a labelled file.
import { findLikeliest } from '../layers/inference/index.ts';
import { weighPositive } from '../layers/prediction/index.ts';
import { createTally, type Quality } from './score-quality.ts';

/** Compares the answers of a model with the labels of a file. */
export interface Comparison {
  /** @param probabilities - one for each class, in the order of the model's labels. */
  add(actual: string, probabilities: readonly number[]): void;
  /** Returns the figures as text. */
  describe(): string;
}

/** Labels that are counted by name. All further ones are counted together. */
const maxOthers = 20;

const twoClasses = ['negative', 'positive'];

/**
 * Creates a comparison without rows. A model with the class neutral is measured on all its classes if a row is labelled
 * neutral, and else on positive against negative, because nothing says which rows are neutral.
 *
 * @param classes - the model's labels.
 */
export function createComparison(classes: readonly string[]): Comparison {
  const shown = classes.toSorted();
  const tally = createTally(shown);
  const polar = createTally(twoClasses);
  const others = new Map<string, number>();
  let labelledNeutral = false;
  let answeredNeutral = 0;

  const countOther = (label: string) => {
    const name = others.has(label) || others.size < maxOthers ? label : 'and others';
    others.set(name, (others.get(name) ?? 0) + 1);
  };
  const add = (actual: string, probabilities: readonly number[]) => {
    if (!classes.includes(actual)) return countOther(actual);
    tally.add(
      actual,
      shown.map((label) => probabilities[classes.indexOf(label)] ?? Number.NaN),
    );
    if (actual === 'neutral') labelledNeutral = true;
    if (actual === 'neutral' || classes.length === 2) return;
    const positive = weighPositive(classes, probabilities);
    polar.add(actual, [1 - positive, positive]);
    answeredNeutral += Number(findLikeliest(classes, probabilities) === 'neutral');
  };
  const describe = () => {
    const found = classes.length === 2 || labelledNeutral ? tally.quality() : polar.quality();
    const unlabelled = labelledNeutral ? 0 : answeredNeutral;
    return [...describeQuality(found), ...describeNeutral(unlabelled), ...describeOthers(others, shown)].join('\n');
  };
  return { add, describe };
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

function describeQuality(quality: Quality | undefined): string[] {
  if (!quality) return ['No row has a sentiment to compare with.'];
  const { rows, accuracy, f1, macroF1, macroRecall, recall, ece, labels, confusion } = quality;
  const ofF1 =
    labels.length === 2 ? `F1 ${percent(f1)}` : `macro-F1 ${percent(macroF1)}, macro recall ${percent(macroRecall)}`;
  const figures = `Accuracy ${percent(accuracy)}, ${ofF1}, ECE ${ece.toFixed(4)} on ${rows} labelled rows.`;
  return [figures, ...drawConfusion(labels, confusion, recall)];
}

/** Draws the confusion matrix and the recall of each class. Its columns are as wide as its widest number. */
function drawConfusion(
  labels: readonly string[],
  confusion: Quality['confusion'],
  recall: readonly number[],
): string[] {
  const width = Math.max(8, ...confusion.flat().map((count) => String(count).length));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `  ${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(width + 2)).join('')}`;
  const rows = labels.map((label, index) => {
    const counts = line(`is ${label}`, confusion[index] ?? []);
    return labels.length === 2 ? counts : `${counts}  recall ${percent(recall[index] ?? 0)}`;
  });
  return [`${line('', labels)}  <- the model says`, ...rows];
}

function describeNeutral(answeredNeutral: number): string[] {
  if (answeredNeutral === 0) return [];
  return [
    `No row is labelled neutral: the figures weigh positive against negative. ${answeredNeutral} rows were answered neutral.`,
  ];
}

/** Names the labels that the figures leave out. */
function describeOthers(others: ReadonlyMap<string, number>, classes: readonly string[]): string[] {
  const named = [...others].map(([label, count]) => `${JSON.stringify(label)} (${count} rows)`);
  if (named.length === 0) return [];
  return [`Not in the figures, because their label is none of ${classes.join(', ')}: ${named.join(', ')}.`];
}
