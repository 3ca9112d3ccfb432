// The rows of a CSV file on their way through the classifier.
import { formatProbability } from '../functions/predict/answer.ts';
import { findLikeliest } from '../functions/predict/classes.ts';
import { findTextFault } from '../functions/predict/contract.ts';
import { ApiError } from '../functions/predict/errors.ts';
import type { Classifier } from '../layers/inference/index.ts';
import { UsageError } from './command-line.ts';
import { decodeField, type Row, type Table } from './csv.ts';
import { createScoreProgress } from './progress.ts';
import { createComparison } from './score-comparison.ts';

/** Positions of the columns in a row. */
export interface Columns {
  readonly text: number;
  /** -1 if there is no such column. */
  readonly sentiment: number;
  /** How many columns the header has. */
  readonly count: number;
}

const usualNames = ['review', 'text', 'sentence'];

/**
 * Finds the columns in the header.
 *
 * @param wanted - name of the text column; without it, the first of the usual names.
 * @throws UsageError that lists the columns of the file.
 */
export function findColumns(path: string, header: readonly string[], wanted?: string): Columns {
  const names = header.map((name) => decodeField(name) ?? name);
  const text = (wanted === undefined ? usualNames : [wanted]).map((name) => names.indexOf(name)).find((at) => at >= 0);
  if (text === undefined) {
    const missing = wanted ?? 'review, text or sentence';
    throw new UsageError(
      `${path} has no column ${missing}; the columns found are: ${names.join(', ')}. Name one with --column.`,
    );
  }
  return { text, sentiment: names.indexOf('sentiment'), count: names.length };
}

/** Rows of the result. The header comes first. Fields hold one character per byte. */
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
  readonly path: string;
  readonly column: string | undefined;
  readonly classifier: Classifier;
  /** Rows that are scored at the same time. */
  readonly ahead: number;
}

/**
 * Prepares a run. It reads a row of the file when a row of the result is taken.
 *
 * @throws UsageError if there is no text column.
 */
export function createScoreRun(table: Table, { path, column, classifier, ahead }: Request): ScoreRun {
  const columns = findColumns(path, table.header, column);
  // The three names are in alphabetical order in the result, whatever the order of the model is.
  const classes = classifier.labels.toSorted();
  const added = ['label', ...classes];
  const comparison = createComparison(classifier.labels);
  const progress = createScoreProgress();
  let bad = 0;
  warnOfTakenNames(table.header, added, progress.say);

  async function* score(): ResultRows {
    yield [...table.header, ...added];
    for await (const scored of scoreRows(table.rows, columns, { classifier, ahead })) {
      if (scored.fault) {
        bad += 1;
        progress.say(`Row ${scored.row.number}: ${scored.fault}.`);
      }
      const actual = readLabel(scored.row, columns);
      if (actual !== undefined && scored.probabilities) comparison.add(actual, scored.probabilities);
      progress.step(scored.row.share);
      yield [...fillRow(scored.row, columns), ...formatScore(scored, classifier.labels, classes)];
    }
  }

  const report = () => {
    const fault = table.fault();
    progress.say(progress.summarize());
    if (bad > 0) progress.say(`${bad} rows have no score; each is named above.`);
    if (fault) progress.say(`${path}: ${fault}.`);
    if (columns.sentiment >= 0) progress.say(comparison.describe());
  };
  return { rows: score(), stop: progress.stop, report };
}

const labelWords = new Map([
  ['0', 'negative'],
  ['1', 'positive'],
]);

/** The class in the column `sentiment`, or the word there if it names none; undefined without the column. */
function readLabel({ fields }: Row, { sentiment }: Columns): string | undefined {
  if (sentiment < 0) return undefined;
  const word = (decodeField(fields[sentiment] ?? '') ?? '').trim().toLowerCase();
  return labelWords.get(word) ?? word;
}

/** A bad row keeps its place. It gets as many fields as the header has. */
const fillRow = ({ fields }: Row, { count }: Columns): string[] =>
  Array.from({ length: count }, (_, index) => fields[index] ?? '');

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

/** A row with its score or its fault. */
export interface ScoredRow {
  readonly row: Row;
  /** One for each class, in the order of the classifier's labels; undefined for a bad row. */
  readonly probabilities: readonly number[] | undefined;
  readonly fault: string | undefined;
}

const faultSentences = {
  SENTENCE_BLANK: 'the text is empty',
  SENTENCE_TOO_LONG: 'the text is longer than 100,000 characters',
};

function findFault({ fields }: Row, columns: Columns, text: string | undefined): string | undefined {
  if (fields.length !== columns.count) return `it has ${fields.length} column(s) where the header has ${columns.count}`;
  if (text === undefined) return 'the text is not in UTF-8';
  const fault = findTextFault(text);
  return fault && faultSentences[fault];
}

async function scoreRow(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow> {
  const text = decodeField(row.fields[columns.text] ?? '');
  const fault = findFault(row, columns, text);
  if (fault || text === undefined) return { row, probabilities: undefined, fault };
  const { probabilities } = await classifier.classify(text);
  return { row, probabilities, fault: undefined };
}

/** A model that fails on one text is a fault of the row. A model that is not available (ApiError) ends the run. */
async function scoreOrFault(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow | Error> {
  try {
    return await scoreRow(row, columns, classifier);
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (reason instanceof ApiError) return reason;
    return { row, probabilities: undefined, fault: `the model failed on it (${reason.message})` };
  }
}

/**
 * Scores rows and yields them in their order, also when a later one is done first.
 *
 * @param ahead - rows in flight: enough to keep every worker busy, few enough to keep memory constant.
 */
export async function* scoreRows(
  rows: AsyncIterable<Row>,
  columns: Columns,
  { classifier, ahead }: { readonly classifier: Classifier; readonly ahead: number },
): AsyncGenerator<ScoredRow> {
  const inFlight: Promise<ScoredRow | Error>[] = [];
  for await (const row of rows) {
    inFlight.push(scoreOrFault(row, columns, classifier));
    if (inFlight.length >= ahead) yield await take(inFlight);
  }
  while (inFlight.length > 0) yield await take(inFlight);
}

async function take(inFlight: Promise<ScoredRow | Error>[]): Promise<ScoredRow> {
  const result = await inFlight.shift();
  if (result === undefined) throw new Error('no row is in flight');
  if (result instanceof Error) throw result;
  return result;
}
