// A request that is asked at random, and what is certain of its answer.
import type { ErrorCode } from '../../../functions/predict/errors.ts';

/** A text and how it is to be read. */
export interface Parameters {
  readonly long: 'cut' | 'windows';
  readonly explain: boolean;
}

/** What the answer must be. */
export type Expected =
  | { readonly kind: 'error'; readonly codes: readonly ErrorCode[] }
  | { readonly kind: 'sentence'; readonly sentence: string; readonly parameters: Parameters }
  | { readonly kind: 'list'; readonly inputs: readonly string[]; readonly parameters: Parameters }
  | { readonly kind: 'status'; readonly statuses: readonly number[] };

/** A request. */
export interface Asked {
  readonly method: string;
  /** As it is sent, percent-encoded. */
  readonly path: string;
  /** As it is sent, without `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes, each as a character of Latin-1. */
  readonly body?: string;
  /** Undefined where only the document and the invariants hold. */
  readonly expected?: Expected | undefined;
}

/** An error is expected. */
export const failsWith = (...codes: readonly ErrorCode[]): Expected => ({ kind: 'error', codes });

/** White space to Python or to JavaScript. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to Python
const blank = /^[\s\u001c-\u001f\u0085]*$/;

/** The error of a text that cannot be classified. */
export function findFault(text: string): 'SENTENCE_TOO_LONG' | 'SENTENCE_BLANK' | undefined {
  if (text.length > 100_000 && [...text].length > 100_000) return 'SENTENCE_TOO_LONG';
  return blank.test(text) ? 'SENTENCE_BLANK' : undefined;
}

/**
 * What the fields of an address or a form must lead to.
 *
 * @param strict - whether other fields are refused.
 */
export function expectSentence(fields: readonly (readonly [string, string])[], strict: boolean): Expected {
  const all = (name: string) => fields.flatMap(([one, value]) => (one === name ? [value] : []));
  const [sentence, ...further] = all('sentence');
  if (sentence === undefined) return failsWith('SENTENCE_MISSING');
  if (further.length > 0) return failsWith('SENTENCE_REPEATED');
  const fault = findFault(sentence);
  if (fault) return failsWith(fault);
  const [longs, explains] = [all('long'), all('explain')];
  const [long = 'cut'] = longs;
  const [explain = 'false'] = explains;
  const known = ['sentence', 'long', 'explain'];
  const isWrong =
    longs.length > 1 ||
    explains.length > 1 ||
    (long !== 'cut' && long !== 'windows') ||
    !['true', 'false'].includes(explain) ||
    (strict && fields.some(([name]) => !known.includes(name)));
  if (isWrong) return failsWith('PARAMETER_INVALID');
  return {
    kind: 'sentence',
    sentence,
    parameters: { long: long === 'windows' ? 'windows' : 'cut', explain: explain === 'true' },
  };
}
