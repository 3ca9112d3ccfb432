// The rows of a file on their way through the classifier.

import { ApiError, isItemError } from '../functions/predict/errors.ts';
import { type Classifier, findLikeliest } from '../layers/inference/index.ts';
import { findTextFault, formatProbability } from '../layers/prediction/index.ts';
import { type Columns, type Inspection, normalize, type Row, type Table } from '../layers/reader/index.ts';
import { mapInOrder } from './ordered-tasks.ts';
import { createScoreProgress } from './progress.ts';
import { createComparison } from './score-comparison.ts';

/** Rows of the result. The header comes first. */
export type ResultRows = AsyncGenerator<readonly string[]>;

/** One run over a file. */
export interface ScoreRun {
  readonly rows: ResultRows;
  /** Ends the progress bar. Must be called also after a failed run. */
  stop(): void;
  /** Prints the result of the run on standard error. */
  report(): void;
}

interface Request {
  readonly table: Table;
  /** What the first reading of the file has found. */
  readonly inspection: Inspection;
  readonly classifier: Classifier;
  /** Rows that are scored at the same time. */
  readonly ahead: number;
}

/** Prepares a run. It reads a row of the file when a row of the result is taken. */
export function createScoreRun({ table, inspection, classifier, ahead }: Request): ScoreRun {
  const { columns } = table;
  // The three names are in alphabetical order in the result, whatever the order of the model is.
  const classes = classifier.labels.toSorted();
  const added = ['label', ...classes];
  const comparison = createComparison(classifier.labels);
  const progress = createScoreProgress();
  let bad = 0;
  for (const note of inspection.notes) progress.say(note);
  warnOfTakenNames(columns.names, added, progress.say);

  async function* score(): ResultRows {
    yield [...columns.names, ...added];
    for await (const scored of scoreRows(table.rows, columns, { classifier, ahead })) {
      if (!scored.probabilities) bad += 1;
      if (scored.fault) progress.say(`Line ${scored.row.line}: ${scored.fault}.`);
      const actual = readLabel(scored.row, inspection);
      if (actual !== undefined && scored.probabilities) comparison.add(actual, scored.probabilities);
      progress.step(scored.row.number / inspection.rows);
      yield [...fillRow(scored.row, columns), ...formatScore(scored, classifier.labels, classes)];
    }
  }

  const report = () => {
    progress.say(progress.summarize());
    if (bad > 0) progress.say(`${bad} rows have no score.`);
    if (columns.label !== undefined) progress.say(comparison.describe());
  };
  return { rows: score(), stop: progress.stop, report };
}

/** The class of a row's label, or the label if it has none; undefined without a label. */
function readLabel({ cells }: Row, { columns, mapping }: Inspection): string | undefined {
  if (columns.label === undefined) return undefined;
  const label = normalize(cells[columns.label] ?? '');
  return Object.hasOwn(mapping, label) ? mapping[label] : label || undefined;
}

/** A bad row keeps its place. It gets as many cells as the header has. */
const fillRow = ({ cells }: Row, { names }: Columns): string[] => names.map((_, place) => cells[place] ?? '');

/** The fields that are added to a row: its label and the probability of each class. They are empty for a bad row. */
function formatScore({ probabilities }: ScoredRow, labels: readonly string[], classes: readonly string[]): string[] {
  if (!probabilities) return ['', ...classes.map(() => '')];
  const scores = classes.map((label) => formatProbability(probabilities[labels.indexOf(label)] ?? Number.NaN));
  return [findLikeliest(labels, probabilities), ...scores];
}

function warnOfTakenNames(header: readonly string[], added: readonly string[], say: (sentence: string) => void): void {
  const taken = added.filter((name) => header.includes(name));
  if (taken.length > 0)
    say(`There is a column ${taken.join(' and ')} already: the last one of that name is the score.`);
}

/** A row with its score, or without one. */
export interface ScoredRow {
  readonly row: Row;
  /** One for each class, in the order of the classifier's labels; undefined for a bad row. */
  readonly probabilities: readonly number[] | undefined;
  /** Why it has none, if the reader of the file did not say so. */
  readonly fault: string | undefined;
}

async function scoreRow(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow> {
  const bad = { row, probabilities: undefined, fault: undefined };
  if (row.fault) return bad;
  const text = row.cells[columns.text] ?? '';
  if (findTextFault(text)) return { ...bad, fault: 'the text is longer than 100,000 characters' };
  const { probabilities } = await classifier.classify(text);
  return { row, probabilities, fault: undefined };
}

/** A model that fails or crashes on one text is a fault of the row. A model that is not available ends the run. */
async function scoreOrExplain(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow> {
  try {
    return await scoreRow(row, columns, classifier);
  } catch (error) {
    if (error instanceof ApiError && !isItemError(error)) throw error;
    const reason = error instanceof Error ? error.message : error;
    return { row, probabilities: undefined, fault: `the model failed on it (${reason})` };
  }
}

/**
 * Scores rows and yields them in their order, also when a later one is done first.
 *
 * @param ahead - rows in flight: enough to keep every worker busy, few enough to keep memory constant.
 */
export const scoreRows = (
  rows: AsyncIterable<Row>,
  columns: Columns,
  { classifier, ahead }: { readonly classifier: Classifier; readonly ahead: number },
): AsyncGenerator<ScoredRow> => mapInOrder(rows, ahead, (row) => scoreOrExplain(row, columns, classifier));
