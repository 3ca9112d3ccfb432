import { findTextFault } from '../../functions/predict/contract.ts';
import { ApiError } from '../../functions/predict/errors.ts';
import type { Classifier } from '../../layers/inference/index.ts';
import type { Columns } from './columns.ts';
import { decodeField, type Row } from './table.ts';

/** A row with its score, or with what is wrong with it. */
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

/** One text can break a run of the model; that there is no model at all is not the row's fault. */
async function scoreOrBlame(row: Row, columns: Columns, classifier: Classifier): Promise<ScoredRow | Error> {
  try {
    return await scoreRow(row, columns, classifier);
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (reason instanceof ApiError) return reason;
    return { row, positive: undefined, fault: `the model failed on it (${reason.message})` };
  }
}

/**
 * Scores rows and gives them back in their order, whichever is done first.
 *
 * @param ahead - rows that may be under way: enough to keep every worker busy, few enough to keep memory constant.
 */
export async function* scoreRows(
  rows: AsyncIterable<Row>,
  columns: Columns,
  { classifier, ahead }: { readonly classifier: Classifier; readonly ahead: number },
): AsyncGenerator<ScoredRow> {
  const underWay: Promise<ScoredRow | Error>[] = [];
  for await (const row of rows) {
    underWay.push(scoreOrBlame(row, columns, classifier));
    if (underWay.length >= ahead) yield await take(underWay);
  }
  while (underWay.length > 0) yield await take(underWay);
}

async function take(underWay: Promise<ScoredRow | Error>[]): Promise<ScoredRow> {
  const result = await underWay.shift();
  if (result === undefined) throw new Error('nothing is under way');
  if (result instanceof Error) throw result;
  return result;
}
