import type { components } from './schema.ts';

/** Every code of the service, and those of this client for what never became an answer of the service. */
export type FailureCode =
  | components['schemas']['Error']['error']['code']
  | 'ABORTED'
  | 'DEADLINE_EXCEEDED'
  | 'NETWORK_FAILED'
  | 'ANSWER_UNKNOWN';

/** Why there is no value. */
export interface Failure {
  readonly code: FailureCode;
  /** One sentence for a person. */
  readonly message: string;
  /** Status of the answer; undefined if none came. */
  readonly status?: number;
  /** Finds the request in the log of the service. */
  readonly requestId?: string;
  /** What was thrown, if anything was. */
  readonly cause?: unknown;
}

/** A value, or the reason why there is none. Look at `ok` first. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T /** Version that answered. */; readonly model: string }
  | { readonly ok: false; readonly error: Failure };

export const fail = (error: Failure): { readonly ok: false; readonly error: Failure } => ({ ok: false, error });

/** Reads the body of a refusal. API Gateway, or a proxy, has another one than the service: `{"message": "Forbidden"}`, or HTML. */
export function describeRefusal(body: unknown, { status, headers }: Response): Failure {
  const requestId = headers.get('X-Request-Id') ?? headers.get('Apigw-Requestid');
  const context = { status, ...(requestId !== null && { requestId }) };
  if (isServiceError(body)) return { ...body.error, ...context };
  const said = typeof body === 'object' && body !== null && 'message' in body ? ` It says: ${body.message}.` : '';
  return {
    code: 'ANSWER_UNKNOWN',
    message: `Status ${status} did not come from the service, but from something in front of it.${said}`,
    ...context,
  };
}

const isServiceError = (body: unknown): body is components['schemas']['Error'] =>
  typeof (body as Partial<components['schemas']['Error']> | undefined)?.error?.code === 'string';

/** What ends a request early. */
export interface Limits {
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Aborts when the time of the whole call is over. */
  readonly deadline: AbortSignal;
}

/** Describes what `fetch` or the reading of a body threw. */
export function describeThrown(cause: unknown, { signal, deadline }: Limits): Failure {
  if (signal?.aborted) return { code: 'ABORTED', message: 'The caller aborted the request.', cause };
  if (deadline.aborted)
    return { code: 'DEADLINE_EXCEEDED', message: 'No answer came before the deadline of the call.', cause };
  if (cause instanceof SyntaxError) return { code: 'ANSWER_UNKNOWN', message: 'The answer is no JSON.', cause };
  return { code: 'NETWORK_FAILED', message: `The service cannot be reached: ${describeCause(cause)}.`, cause };
}

/** Node says what happened in the cause of `fetch failed`. */
function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error && cause.cause.message ? cause.cause.message : cause.message;
}
