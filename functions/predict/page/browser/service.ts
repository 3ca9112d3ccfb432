// The page's requests to the service. Addresses are relative, so that the page works below any path.
import type { ListAnswer, Prediction, Result } from '../../answer-schema.ts';

/** A part of a text that the model read in one run. Offsets in code points. */
export type TextWindow = NonNullable<Prediction['windows']>[number];

/** The contributions of the words to the probability of the answered class. Offsets in code points. */
export type Explanation = NonNullable<Prediction['explanation']>;

/** Why there is no answer. */
export interface Failure {
  readonly code: string;
  /** One sentence for the reader. */
  readonly message: string;
  /** Seconds after which the same request may succeed; undefined if it never will. */
  readonly retryAfter?: number;
}

/** Body of `POST /predict`. */
export interface Question {
  readonly inputs: readonly string[];
  readonly parameters: { readonly long: 'cut' | 'windows'; readonly explain?: boolean };
}

/** An answer with its time, or a failure. */
export type Reply<T> = { readonly body: T; readonly ms: number } | { readonly failure: Failure };

/** Whether the service gave an error in the place of a prediction. */
export const isFailed = (result: Result): result is Exclude<Result, Prediction> => 'error' in result;

const unreachable: Failure = {
  code: 'UNREACHABLE',
  message: 'The service does not answer: check the network. The page asks again by itself.',
  retryAfter: 3,
};

/** A wait longer than this is no use to a reader. */
const longestWait = 30;

/** Reads the failure of an answer that is no success; a gateway before the service writes bodies of its own. */
async function readFailure(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = (body ?? {}) as { readonly error?: Failure };
  const wait = Number(response.headers.get('Retry-After') ?? Number.NaN);
  const retry = [429, 503].includes(response.status);
  return {
    code: error?.code ?? `HTTP_${response.status}`,
    message: error?.message ?? `The service answered with status ${response.status}.`,
    ...(retry && { retryAfter: Math.min(Number.isFinite(wait) ? wait : 1, longestWait) }),
  };
}

let key = '';

/** Sends this key with every request from now on. It stays in memory alone. */
export function useKey(text: string): void {
  key = text;
}

/** Sends a request. Rejects only when the signal aborts. */
async function ask<T>(path: string, request: RequestInit): Promise<Reply<T>> {
  const started = performance.now();
  const headers = { Accept: 'application/json', ...request.headers, ...(key && { 'X-Api-Key': key }) };
  try {
    const response = await fetch(path, { ...request, headers });
    if (response.status === 401) document.dispatchEvent(new Event('key-asked'));
    if (!response.ok) return { failure: await readFailure(response) };
    const body: T = await response.json();
    return { body, ms: performance.now() - started };
  } catch {
    request.signal?.throwIfAborted();
    return { failure: unreachable };
  }
}

/** Asks for predictions. Rejects only when the signal aborts. */
export const predict = (question: Question, signal: AbortSignal): Promise<Reply<ListAnswer>> =>
  ask('predict', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(question),
    signal,
  });

/** Asks for the model's card. */
export const readModel = <Card>(): Promise<Reply<Card>> => ask('model', {});

/** The shell command that asks the same question. */
export function describeCommand(question: Question): string {
  const quoted = JSON.stringify(question).replaceAll("'", "'\\''");
  const address = new URL('predict', document.baseURI);
  const sent = key && ' -H "X-Api-Key: $API_KEY"';
  return `curl '${address}' -H 'Content-Type: application/json'${sent} -d '${quoted}'`;
}
