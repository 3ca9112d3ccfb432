import { ModelStoreError, messageOf, systemCode, WrongBytesError } from './errors.ts';
import type { FailureKind } from './retry.ts';

/** What a request to S3 is about, for its error message. */
export interface S3Target {
  readonly bucket: string;
  /** The object's or listing's full address. */
  readonly name: string;
  /** The permission that the caller's role needs, such as `s3:GetObject`. */
  readonly permission: string;
  /** URL of a server other than AWS's own. */
  readonly endpoint?: string | undefined;
}

/** S3's code for an error, and the answer's HTTP status if there was an answer. */
interface S3ErrorCode {
  readonly code: string;
  readonly status: number | undefined;
}

/** Reads the code and status of an error: the SDK's errors, and those of s3-get.ts, are named after S3's codes. */
export function readErrorCode(error: unknown): S3ErrorCode {
  const status = fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode');
  const code = fieldOf(error, 'name');
  return { code: String(code ?? ''), status: typeof status === 'number' ? status : undefined };
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;

/** Transient refusals in the 4xx range. */
const transientCodes = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
]);
const transientStatus = new Set([408, 409, 429]);

/**
 * Says whether a retry may help. What S3 refuses is final, and so is what this store has decided. All else is
 * transient: no answer, an answer that broke off, 5xx.
 */
export function classifyS3Failure(error: unknown): FailureKind {
  if (error instanceof WrongBytesError) return 'damaged';
  if (error instanceof ModelStoreError) return 'final';
  const { code, status = 0 } = readErrorCode(error);
  const refused = status >= 300 && status < 500 && !transientStatus.has(status) && !transientCodes.has(code);
  return refused ? 'final' : 'transient';
}

/** Turns an error of S3 into one that names the object, the reason and what to do. */
export function explainS3Failure(cause: unknown, target: S3Target): ModelStoreError {
  if (cause instanceof ModelStoreError) return cause;
  const { code, status } = readErrorCode(cause);
  const damaged = code === 'InvalidRange' || status === 416;
  return new ModelStoreError(`${target.name} ${describe(cause, target)}.`, {
    missing: code === 'NoSuchKey',
    damaged,
    cause,
  });
}

function describe(cause: unknown, target: S3Target): string {
  const error = readErrorCode(cause);
  if (error.status !== undefined && error.status >= 300) return describeAnswer(messageOf(cause), error, target);
  const server = target.endpoint ? ` at ${target.endpoint} (AWS_ENDPOINT_URL)` : '';
  return `cannot be reached${server}: ${describeSilence(cause, error)}`;
}

function describeSilence(cause: unknown, { code }: S3ErrorCode): string {
  const message = messageOf(cause) || systemCode(cause) || code;
  if (code === 'CredentialsProviderError')
    return `no AWS credentials were found (${message}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run under a role`;
  return message.startsWith('Region is missing') ? 'no AWS region is known. Set AWS_REGION' : message;
}

function describeAnswer(message: string, { code, status = 0 }: S3ErrorCode, target: S3Target): string {
  const meaning = meanings[code];
  if (meaning) return meaning(code, target);
  if (status === 403)
    return `cannot be had: access is denied (${code}: ${message}). It needs ${target.permission}; without s3:ListBucket S3 says the same of an object that does not exist`;
  if (status === 412) return changed();
  if (status === 416) return shorter();
  return `cannot be had: S3 answers ${status} (${code}: ${message})${status >= 500 ? ', however often it is asked' : ''}`;
}

const refusedCredentials = (code: string) =>
  `cannot be had: S3 refuses the AWS credentials (${code}). Renew or correct them`;
const otherRegion = (code: string) =>
  `cannot be had: the bucket is in another region (${code}). Set AWS_REGION to the bucket's`;
const changed = () => 'was changed while it was read. Versions must never change: see who writes to them';
const shorter = () => 'is shorter than its manifest says. Publish the version again, or promote another one';

/** What S3's codes mean for the store, and what to do. */
const meanings: Readonly<Record<string, (code: string, target: S3Target) => string>> = {
  NoSuchKey: () => 'does not exist',
  NoSuchBucket: (_, { bucket }) => `cannot be had: the bucket ${bucket} does not exist. Check the store's address`,
  InvalidAccessKeyId: refusedCredentials,
  SignatureDoesNotMatch: refusedCredentials,
  ExpiredToken: refusedCredentials,
  InvalidToken: refusedCredentials,
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  PreconditionFailed: changed,
  InvalidRange: shorter,
};
