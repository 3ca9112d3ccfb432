import { UsageError } from '../command-line.ts';
import { decodeField } from './table.ts';

/** Where in a row to find what is needed. */
export interface Columns {
  readonly text: number;
  /** -1 if there is none. */
  readonly sentiment: number;
  readonly count: number;
}

const usualNames = ['review', 'text', 'sentence'];

/**
 * Finds the columns by the header.
 *
 * @param wanted - the text column's name, if it is not one of the usual ones.
 * @throws UsageError that lists the columns found.
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
