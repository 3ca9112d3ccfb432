// Feedback as a table for a person, who decides what training may learn.
import type { Feedback } from '../functions/predict/feedback-stream.ts';

/** The table, and what a person should know about it. */
export interface Review {
  /** The rows with the header. `label` is empty: a person fills it from `proposed`, or deletes the row. */
  readonly rows: readonly (readonly string[])[];
  /** Texts on which callers disagree. They come first, and nothing is proposed for them. */
  readonly conflicts: number;
  /** Ids of requests whose text is not known. */
  readonly unknown: readonly string[];
}

const header = ['text', 'label', 'proposed', 'given', 'count', 'keys', 'requests', 'last'];

/** Training takes texts that differ in white space alone for the same. */
const fold = (text: string) =>
  text
    .split(/[\s\u0085]+/u)
    .join(' ')
    .trim();

/** One caller who says the same of one text again, and a line that was delivered twice, count once. */
const identify = ({ key, requestId, label }: Feedback, text: string) =>
  JSON.stringify([text, label, key ?? requestId ?? '']);

function group(feedback: readonly Feedback[], textOf: (one: Feedback) => string | undefined) {
  const groups = new Map<string, Map<string, Feedback>>();
  for (const one of feedback) {
    const text = textOf(one);
    if (text === undefined) continue;
    const known = groups.get(text) ?? new Map<string, Feedback>();
    groups.set(text, known.set(identify(one, text), one));
  }
  return [...groups].map(([text, known]) => ({ text, said: [...known.values()] }));
}

const distinct = (values: readonly (string | undefined)[]) =>
  [...new Set(values.filter((value) => value !== undefined))].sort();

function countLabels(said: readonly Feedback[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of said) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function describeText(text: string, said: readonly Feedback[]) {
  const labels = countLabels(said);
  const given = [...labels].sort(([a], [b]) => a.localeCompare(b)).map(([label, count]) => `${label} ${count}`);
  const proposed = labels.size === 1 ? (said[0]?.label ?? '') : '';
  const keys = distinct(said.map(({ key }) => key));
  const requests = distinct(said.map(({ requestId }) => requestId));
  const last =
    said
      .map(({ receivedAt }) => receivedAt)
      .sort()
      .at(-1) ?? '';
  const lists = [keys.join(' '), requests.join(' ')];
  return {
    proposed,
    count: said.length,
    row: [text, '', proposed, given.join(', '), String(said.length), ...lists, last],
  };
}

/**
 * Makes the table.
 *
 * @param texts - texts by the id of their request.
 */
export function reviewFeedback(feedback: readonly Feedback[], texts: ReadonlyMap<string, string>): Review {
  const textOf = ({ text, requestId }: Feedback) => {
    const found = text ?? texts.get(requestId ?? '');
    return found === undefined ? undefined : fold(found);
  };
  const described = group(feedback, textOf).map(({ text, said }) => describeText(text, said));
  const isConflict = ({ proposed }: { readonly proposed: string }) => (proposed === '' ? 1 : 0);
  described.sort((a, b) => isConflict(b) - isConflict(a) || b.count - a.count);
  const unknown = feedback.filter((one) => textOf(one) === undefined).map(({ requestId }) => requestId);
  return {
    rows: [header, ...described.map(({ row }) => row)],
    conflicts: described.filter(isConflict).length,
    unknown: distinct(unknown),
  };
}
