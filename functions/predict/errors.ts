import type { Context } from 'hono';

interface ErrorEntry {
  readonly status: 400 | 404 | 405 | 408 | 413 | 500 | 503;
  readonly message: string;
  /** Seconds after which a retry may succeed. */
  readonly retryAfter?: number;
}

/** Every way in which a request can fail: the code in the answer's body, its status and its message. The only place with error statuses. */
const errorTable = {
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
} as const satisfies Record<string, ErrorEntry>;

/** Machine-readable code of an error answer. */
export type ErrorCode = keyof typeof errorTable;

/** All codes, for the OpenAPI document and for validation. */
export const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];

/** Reads a code from plain text. An unknown code is a fault of the service: INTERNAL. */
export const toErrorCode = (text: string | undefined): ErrorCode =>
  errorCodes.find((code) => code === text) ?? 'INTERNAL';

/** A failure that is reported to the caller. The code determines the answer; `cause` is for the log. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: ErrorOptions) {
    super(errorTable[code].message, options);
    this.code = code;
  }
}

/** Status, headers and body of an error answer, for code that has no Hono context. */
export function describeError(code: ErrorCode) {
  const { status, message, retryAfter }: ErrorEntry = errorTable[code];
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  return { status, headers, body: { error: { code, message } } };
}

/** The answer for a failure. All errors have this shape. */
export function answerError(c: Context, code: ErrorCode, more: Readonly<Record<string, string>> = {}): Response {
  const { status, headers, body } = describeError(code);
  return c.json(body, status, { ...headers, ...more });
}
