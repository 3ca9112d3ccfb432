// The rows of a result: those of the file with what the model says of each.
import { stringify } from 'csv-stringify/sync';
import { findTextFault, formatProbability, maxCharacters, type Prediction } from '../../layers/prediction/index.ts';
import type { Plan, PlannedRow } from './plan.ts';

/** Says what the model thinks of a text. @throws if the model fails on it. */
export type Predict = (text: string) => Promise<Prediction>;

/** The rows of a batch as CSV, and what is counted of them. */
export interface ScoredRows {
  readonly csv: string;
  readonly rows: number;
  /** Rows without a prediction. */
  readonly failed: number;
  /** Rows of each label. */
  readonly labels: Readonly<Record<string, number>>;
  /** One for each row that has not failed. */
  readonly predictions: readonly Prediction[];
}

type Shape = Pick<Plan, 'columns' | 'classes'>;

/** The first row of a result. */
export const formatHeader = ({ columns, classes }: Shape): string =>
  stringify([[...columns.names, 'label', ...classes, 'unknown', 'reliable', 'error']]);

/** Scores rows one by one, since a run of the model uses all processors. */
export async function scoreRows(rows: readonly PlannedRow[], shape: Shape, predict: Predict): Promise<ScoredRows> {
  const lines: string[][] = [];
  const labels: Record<string, number> = {};
  const predictions: Prediction[] = [];
  for (const row of rows) {
    const found = await predictRow(row, shape, predict);
    if (typeof found !== 'string') {
      predictions.push(found);
      labels[found.label] = (labels[found.label] ?? 0) + 1;
    }
    lines.push(formatRow(row, shape, found));
  }
  return { csv: stringify(lines), rows: rows.length, failed: rows.length - predictions.length, labels, predictions };
}

/** Rows that no batch has scored. */
export const formatUnscored = (rows: readonly PlannedRow[], shape: Shape): ScoredRows => ({
  csv: stringify(rows.map((row) => formatRow(row, shape, row.fault ?? 'its batch could not be scored'))),
  rows: rows.length,
  failed: rows.length,
  labels: {},
  predictions: [],
});

/** The prediction of a row, or why there is none. */
async function predictRow({ cells, fault }: PlannedRow, { columns }: Shape, predict: Predict) {
  if (fault) return fault;
  const text = cells[columns.text] ?? '';
  if (findTextFault(text)) return `a text longer than ${maxCharacters.toLocaleString('en')} characters`;
  try {
    return await predict(text);
  } catch (error) {
    return `the model failed on it (${error instanceof Error ? error.message : error})`;
  }
}

/** A row keeps its cells; one with too few of them gets empty ones, so that what is added is in its columns. */
function formatRow({ cells }: PlannedRow, { columns, classes }: Shape, found: Prediction | string): string[] {
  const own = columns.names.map((_, place) => cells[place] ?? '');
  if (typeof found === 'string') return [...own, '', ...classes.map(() => ''), '', '', found];
  const probabilities = classes.map((name) => formatProbability(found.probabilities[name] ?? Number.NaN));
  return [...own, found.label, ...probabilities, String(found.unknown), String(found.reliable), ''];
}
