import type { Context } from 'hono';

interface ErrorKind {
  readonly status: 400 | 404 | 405 | 408 | 413 | 500 | 503;
  readonly message: string;
  /** Seconds after which asking again may help. */
  readonly retryAfter?: number;
}

/** Every way in which a request can fail: the code in the answer's body, its status and its sentence. The only place with status codes. */
const kinds = {
  SENTENCE_MISSING: {
    status: 400,
    message: 'The parameter "sentence" is missing: ask for /predict?sentence=some%20text.',
  },
  SENTENCE_BLANK: { status: 400, message: 'The parameter "sentence" is empty or holds only white space.' },
  SENTENCE_REPEATED: { status: 400, message: 'The parameter "sentence" is there more than once: give it once.' },
  SENTENCE_TOO_LONG: { status: 413, message: 'The sentence is longer than 100,000 characters.' },
  REQUEST_MALFORMED: { status: 400, message: 'The request is not valid HTTP.' },
  REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time.' },
  REQUEST_TOO_LARGE: {
    status: 413,
    message: 'The request line and headers are larger than 64 KiB: send a shorter text.',
  },
  ROUTE_UNKNOWN: {
    status: 404,
    message: 'There is nothing here: ask for /predict?sentence=some%20text, /model, /health or /openapi.json.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address does not take this method: the header Allow names those it takes.',
  },
  MODEL_UNAVAILABLE: { status: 503, message: 'No model can be had at the moment: try again later.', retryAfter: 5 },
  OVERLOADED: { status: 503, message: 'Too many requests are waiting: try again later.', retryAfter: 1 },
  INTERNAL: {
    status: 500,
    message: 'Something failed on our side. The header X-Request-Id says where to look in the log.',
  },
} as const satisfies Record<string, ErrorKind>;

/** Machine-readable code of an error answer. */
export type ErrorCode = keyof typeof kinds;

/** All codes, for the OpenAPI document and for validation. */
export const errorCodes = Object.keys(kinds) as [ErrorCode, ...ErrorCode[]];

/** Reads a code that came as plain text; what is none is a fault of ours. */
export const toErrorCode = (text: string | undefined): ErrorCode =>
  errorCodes.find((code) => code === text) ?? 'INTERNAL';

/** A failure that the caller is told about. What it says to the caller is fixed by its code; `cause` is for the log. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: ErrorOptions) {
    super(kinds[code].message, options);
    this.code = code;
  }
}

/** Status, headers and body of an error answer, for places that have no Hono context. */
export function describeError(code: ErrorCode) {
  const { status, message, retryAfter }: ErrorKind = kinds[code];
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  return { status, headers, body: { error: { code, message } } };
}

/** The answer for a failure, in the one shape that all errors have. */
export function answerError(c: Context, code: ErrorCode, more: Readonly<Record<string, string>> = {}): Response {
  const { status, headers, body } = describeError(code);
  return c.json(body, status, { ...headers, ...more });
}
