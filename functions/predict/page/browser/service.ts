// The page's requests to the service. Addresses are relative, so that the page works below any path.

/** Class probabilities and what else the service says of a text. */
export interface Prediction {
  readonly label: string;
  readonly score: number;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly unknown: number;
  readonly truncated: boolean;
  readonly dropped?: number;
  readonly reliable: boolean;
  readonly reason?: string;
  readonly windows?: readonly TextWindow[];
  readonly explanation?: Explanation;
}

/** A part of a text that the model read in one run. Offsets in code points. */
export interface TextWindow {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly score: number;
}

/** The contributions of the words to the probability of the answered class. Offsets in code points. */
export interface Explanation {
  readonly baseline: number;
  readonly words: readonly { readonly start: number; readonly end: number; readonly weight: number }[];
}

/** Why there is no answer. */
export interface Failure {
  readonly code: string;
  /** One sentence for the reader. */
  readonly message: string;
  /** Seconds after which the same request may succeed; undefined if it never will. */
  readonly retryAfter?: number;
}

/** What the service says of one text. */
export type Result = Prediction | { readonly error: Failure };

/** Body of `POST /predict`. */
export interface Question {
  readonly inputs: readonly string[];
  readonly parameters: { readonly long: 'cut' | 'windows'; readonly explain?: boolean };
}

/** Body of the answer to `POST /predict`. */
export interface Answer {
  readonly model: string;
  readonly results: readonly Result[];
}

/** An answer with its time, or a failure. */
export type Reply<T> = { readonly body: T; readonly ms: number } | { readonly failure: Failure };

/** Whether the service gave an error in the place of a prediction. */
export const isFailed = (result: Result): result is { readonly error: Failure } => 'error' in result;

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

/** Sends a request. Rejects only when the signal aborts. */
async function ask<T>(path: string, request: RequestInit): Promise<Reply<T>> {
  const started = performance.now();
  try {
    const response = await fetch(path, request);
    if (!response.ok) return { failure: await readFailure(response) };
    const body: T = await response.json();
    return { body, ms: performance.now() - started };
  } catch {
    request.signal?.throwIfAborted();
    return { failure: unreachable };
  }
}

/** Asks for predictions. Rejects only when the signal aborts. */
export const predict = (question: Question, signal: AbortSignal): Promise<Reply<Answer>> =>
  ask('predict', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(question),
    signal,
  });

/** Asks for the model's card. */
export const readModel = <Card>(): Promise<Reply<Card>> => ask('model', { headers: { Accept: 'application/json' } });

/** The shell command that asks the same question. */
export function describeCommand(question: Question): string {
  const quoted = JSON.stringify(question).replaceAll("'", "'\\''");
  const address = new URL('predict', document.baseURI);
  return `curl '${address}' -H 'Content-Type: application/json' -d '${quoted}'`;
}
