import type { Context } from 'hono';
import { answerJson } from './json-answer.ts';

interface ErrorEntry {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 500 | 501 | 503;
  readonly message: string;
  /** Seconds after which a retry may succeed. */
  readonly retryAfter?: number;
  /** Seconds that a caller may be told beyond these, at random, so that not all callers come back together. */
  readonly retrySpread?: number;
}

/** Every way in which a request can fail: the code in the answer's body, its status and its message. The only place with error statuses. */
const errorTable = {
  SENTENCE_MISSING: {
    status: 400,
    message: 'The parameter "sentence" is missing: ask for /predict?sentence=some%20text.',
  },
  SENTENCE_BLANK: { status: 400, message: 'The sentence is empty or holds only white space.' },
  SENTENCE_REPEATED: { status: 400, message: 'The parameter "sentence" is there more than once: give it once.' },
  SENTENCE_TOO_LONG: { status: 413, message: 'The sentence is longer than 100,000 characters.' },
  PARAMETER_INVALID: { status: 400, message: 'A parameter has a value that it does not take.' },
  WINDOWS_TOO_MANY: {
    status: 413,
    message: 'The text is longer than 64 windows, or than 8 with explain: send it in parts, or ask for long=cut.',
  },
  TIME_BUDGET: {
    status: 503,
    message: 'The time was over before this text had its turn: send it again.',
    retryAfter: 1,
  },
  BODY_MALFORMED: { status: 400, message: 'The body cannot be read.' },
  BODY_INVALID: { status: 400, message: 'The body has another shape than {"inputs": ["some text"]}.' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than 1 MiB: send fewer texts at a time.' },
  INPUTS_TOO_MANY: { status: 413, message: 'There are more than 256 inputs: send fewer at a time.' },
  CONTENT_TYPE_UNSUPPORTED: {
    status: 415,
    message: 'Send the body as application/json or application/x-www-form-urlencoded, in UTF-8 and not compressed.',
  },
  REQUEST_MALFORMED: { status: 400, message: 'The request is not valid HTTP.' },
  REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time.' },
  REQUEST_TOO_LARGE: {
    status: 413,
    message: 'The request line and headers are larger than 64 KiB: send a shorter text.',
  },
  KEY_MISSING: {
    status: 401,
    message: 'This service asks for a key: send "Authorization: Bearer KEY" or "X-Api-Key: KEY".',
  },
  KEY_UNKNOWN: { status: 401, message: 'The key is not known: it was removed, or it never was one of this service.' },
  KEYS_UNAVAILABLE: { status: 503, message: 'The keys cannot be read at the moment: try again later.', retryAfter: 5 },
  FEEDBACK_UNAVAILABLE: {
    status: 503,
    message: 'The feedback cannot be kept at the moment: send it again later.',
    retryAfter: 5,
  },
  ROUTE_UNKNOWN: {
    status: 404,
    message: 'There is nothing here: ask for /predict?sentence=some%20text, /model, /health or /openapi.json.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address does not take this method: the header Allow names those it takes.',
  },
  METHOD_UNKNOWN: { status: 501, message: 'The method of the request is not known here: use GET, HEAD or POST.' },
  MODEL_UNAVAILABLE: { status: 503, message: 'No model can be had at the moment: try again later.', retryAfter: 5 },
  OVERLOADED: {
    status: 503,
    message: 'Too many requests are waiting: try again later.',
    retryAfter: 1,
    retrySpread: 3,
  },
  MODEL_CRASHED: {
    status: 500,
    message: 'The model crashed on this text, twice: it is not tried again.',
  },
  INTERNAL: {
    status: 500,
    message: 'Something failed on our side. The header X-Request-Id says where to look in the log.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Machine-readable code of an error answer. */
export type ErrorCode = keyof typeof errorTable;

/** All codes, for the OpenAPI document and for validation. */
export const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];

/** Whether the service is to blame for an error, not the caller. */
export const isServerError = (code: ErrorCode): boolean => errorTable[code].status >= 500;

/** The codes of errors that one text of a list can have. */
export const itemErrorCodes = [
  'SENTENCE_BLANK',
  'SENTENCE_TOO_LONG',
  'WINDOWS_TOO_MANY',
  'TIME_BUDGET',
  'MODEL_CRASHED',
] as const;

/** Code of an error in the place of a prediction. */
export type ItemErrorCode = (typeof itemErrorCodes)[number];

/** The error in the place of a prediction. */
export const describeItemError = (code: ItemErrorCode) => ({ error: { code, message: errorTable[code].message } });

interface ApiErrorOptions extends ErrorOptions {
  /** Says more than the message of the code. */
  readonly message?: string;
}

/** A failure that is reported to the caller. The code determines the answer; `cause` is for the log. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: ApiErrorOptions) {
    super(options?.message ?? errorTable[code].message, options);
    this.code = code;
  }
}

/** Whether a failure is one text's own: other texts of the same list or file can be answered. */
export const isItemError = (error: unknown): error is ApiError & { readonly code: ItemErrorCode } =>
  error instanceof ApiError && (itemErrorCodes as readonly string[]).includes(error.code);

/** The caller has gone, so that its texts are not run and nobody reads the answer. */
export class CallerGoneError extends Error {
  override readonly name = 'CallerGoneError';
}

/** Status, headers and body of an error answer, for code that has no Hono context. */
export function describeError(code: ErrorCode, message: string = errorTable[code].message) {
  const { status, retryAfter, retrySpread = 0 }: ErrorEntry = errorTable[code];
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (retryAfter !== undefined)
    headers['Retry-After'] = String(retryAfter + Math.floor(Math.random() * (retrySpread + 1)));
  return { status, headers, body: { error: { code, message } } };
}

/** What an error answer has beside its code. */
export interface ErrorDetails {
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the message of the code. */
  readonly message?: string | undefined;
}

/** The answer for a failure. All errors have this shape. */
export function answerError(c: Context, code: ErrorCode, { headers: more = {}, message }: ErrorDetails = {}): Response {
  const { status, headers, body } = describeError(code, message);
  return answerJson(c, body, status, { ...headers, ...more });
}
