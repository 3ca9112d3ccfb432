// What comes back for a request, and whether it is right.
import { findFault, type Question } from './questions.ts';

/** An answer of the server or of the handler. */
export interface Reply {
  readonly status: number;
  /** The version that the header names. */
  readonly version: string | undefined;
  readonly text: string;
}

interface Prediction {
  readonly probabilities?: { readonly positive: number };
}

/** The body of an answer to a sentence, or to a list. */
type Body = Prediction & { readonly model: string; readonly results?: readonly Prediction[] };

/**
 * Checks the answer to some questions.
 *
 * @returns the version that answered.
 * @throws Error that says what is wrong.
 */
export function checkReply({ status, version, text }: Reply, questions: readonly Question[]): string {
  if (status !== 200) throw new Error(`The status is ${status}, with ${text}.`);
  const body: Body = JSON.parse(text);
  const { model, results = [body] } = body;
  if (results.length !== questions.length) throw new Error(`There are ${results.length} answers, in ${text}.`);
  for (const [index, question] of questions.entries()) {
    const positive = results[index]?.probabilities?.positive ?? Number.NaN;
    const fault = findFault(question, { header: version, model, positive });
    if (fault) throw new Error(fault);
  }
  return model;
}
