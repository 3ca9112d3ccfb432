// A record of a stream, of a file or of a pipe: a text with an id and other fields. Its result has the prediction's fields beside them.
import type { LoadedModel } from './loaded-model.ts';
import { findTextFault, maxCharacters } from './text-fault.ts';
import { type Prediction, predictText } from './text-prediction.ts';

/** A text to score. */
export interface TextRecord {
  readonly id: string | number;
  readonly text: string;
  /** Further fields, which the result has too. */
  readonly [field: string]: unknown;
}

/** The result of a text: the prediction, what made it, and the record's further fields. It does not have the text. */
export interface ScoredRecord extends Prediction {
  readonly id: string | number;
  /** Version of the model. */
  readonly model: string;
  /** Time in UTC, as in `2026-11-28T09:12:44.031Z`. */
  readonly scoredAt: string;
  readonly error?: undefined;
  readonly [field: string]: unknown;
}

/** The result of a record that cannot be scored, with the record's further fields. */
export interface FailedRecord {
  readonly id: string | number;
  readonly error: { readonly code: string; readonly message: string };
  readonly [field: string]: unknown;
}

/** The result of a record. */
export type ResultRecord = ScoredRecord | FailedRecord;

/** Fields that a result may have of its own, and the text. A record's fields of these names are left out. */
const ownFields: ReadonlySet<string> = new Set([
  ...[
    'text',
    'error',
    'label',
    'score',
    'probabilities',
    'tokens',
    'unknown',
    'truncated',
    'dropped',
    'reliable',
    'reason',
  ],
  ...['windows', 'explanation', 'model', 'scoredAt'],
]);

/** Not made ahead: the first number with separators loads tables of languages, which takes 10 ms of a cold start. */
const describeFault = (fault: NonNullable<ReturnType<typeof findTextFault>>): string =>
  fault === 'SENTENCE_BLANK'
    ? 'The text is empty or holds only white space.'
    : `The text is longer than ${maxCharacters.toLocaleString('en')} characters.`;

/**
 * Scores a record. Of a text that is longer than the model reads, the beginning counts.
 *
 * @param now - the time that the result carries.
 * @throws what the classifier throws.
 */
export async function scoreRecord(model: LoadedModel, record: TextRecord, now: Date): Promise<ResultRecord> {
  const { id, text } = record;
  const further = Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'id' && !ownFields.has(name)));
  const fault = findTextFault(text);
  if (fault) return { id, error: { code: fault, message: describeFault(fault) }, ...further };
  const { prediction } = await predictText(model, text);
  return { id, ...prediction, model: model.manifest.version, scoredAt: now.toISOString(), ...further };
}
