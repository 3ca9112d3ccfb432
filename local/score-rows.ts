// The rows of a CSV file on their way through the classifier.
import { formatProbability } from '../functions/predict/answer.ts';
import { findTextFault } from '../functions/predict/contract.ts';
import { ApiError } from '../functions/predict/errors.ts';
import type { Classifier } from '../layers/inference/index.ts';
import { UsageError } from './command-line.ts';
import { decodeField, type Row, type Table } from './csv.ts';
import { createScoreProgress } from './progress.ts';
import { createTally, describeQuality, labelOf } from './score-quality.ts';

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
  const comparison = createComparison(columns);
  const progress = createScoreProgress();
  let bad = 0;
  warnOfTakenNames(table.header, progress.say);

  async function* score(): ResultRows {
    yield [...table.header, 'label', 'positive'];
    for await (const scored of scoreRows(table.rows, columns, { classifier, ahead })) {
      if (scored.fault) {
        bad += 1;
        progress.say(`Row ${scored.row.number}: ${scored.fault}.`);
      }
      comparison.add(scored);
      progress.step(scored.row.share);
      yield appendScore(scored, columns);
    }
  }

  const report = () => {
    const fault = table.fault();
    progress.say(progress.summarize());
    if (bad > 0) progress.say(`${bad} rows have no score; each is named above.`);
    if (fault) progress.say(`${path}: ${fault}.`);
    for (const text of comparison.describe()) progress.say(text);
  };
  return { rows: score(), stop: progress.stop, report };
}

const actualLabels = new Map<string, 'negative' | 'positive'>([
  ['negative', 'negative'],
  ['0', 'negative'],
  ['positive', 'positive'],
  ['1', 'positive'],
]);

/** Unknown labels that are counted by name. All further ones are counted together. */
const maxOthers = 20;

/** Compares scores with the column `sentiment`. */
function createComparison({ sentiment }: Columns) {
  const tally = createTally();
  const others = new Map<string, number>();
  const count = (label: string) => {
    const name = others.has(label) || others.size < maxOthers ? label : 'and others';
    others.set(name, (others.get(name) ?? 0) + 1);
  };
  return {
    add: ({ row, positive }: ScoredRow) => {
      if (sentiment < 0 || positive === undefined) return;
      const label = (decodeField(row.fields[sentiment] ?? '') ?? '').trim().toLowerCase();
      const actual = actualLabels.get(label);
      if (actual) tally.add(actual, positive);
      else count(label);
    },
    describe: () => (sentiment < 0 ? [] : [describeQuality(tally.quality(), others)]),
  };
}

/** A bad row keeps its place. It gets as many fields as the header has, and the two new ones are empty. */
function appendScore({ row, positive }: ScoredRow, { count }: Columns): string[] {
  const fields = Array.from({ length: count }, (_, index) => row.fields[index] ?? '');
  return positive === undefined ? [...fields, '', ''] : [...fields, labelOf(positive), formatProbability(positive)];
}

function warnOfTakenNames(header: readonly string[], say: (sentence: string) => void): void {
  const taken = ['label', 'positive'].filter((name) => header.includes(name));
  if (taken.length > 0)
    say(`There is a column ${taken.join(' and ')} already: the last one of that name is the score.`);
}

/** A row with its score or its fault. */
export interface ScoredRow {
  readonly row: Row;
  /** Probability of positive; undefined for a bad row. */
  readonly positive: number | undefined;
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
  if (fault || text === undefined) return { row, positive: undefined, fault };
  const { probabilities } = await classifier.classify(text);
  return { row, positive: probabilities[classifier.labels.indexOf('positive')], fault: undefined };
}

/** A model that fails on one text is a fault of the row. A model that is not available (ApiError) ends the run. */
async function scoreOrFault(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow | Error> {
  try {
    return await scoreRow(row, columns, classifier);
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (reason instanceof ApiError) return reason;
    return { row, positive: undefined, fault: `the model failed on it (${reason.message})` };
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
