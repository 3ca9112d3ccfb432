import { ModelStoreError, messageOf, systemCode, WrongBytesError } from './errors.ts';
import type { FailureKind } from './retry.ts';

/** What was asked for when S3 failed. */
export interface S3Subject {
  readonly bucket: string;
  /** The object's or listing's full address. */
  readonly name: string;
  /** What the caller's role must allow, such as `s3:GetObject`. */
  readonly permission: string;
  /** URL of a server other than AWS's own. */
  readonly endpoint?: string | undefined;
}

interface S3Fault {
  readonly code: string;
  readonly status: number | undefined;
}

/** Refusals in the 4xx range that pass. */
const transientCodes = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
]);
const transientStatus = new Set([408, 409, 429]);

const refusedCredentials = (code: string) =>
  `cannot be had: S3 refuses the AWS credentials (${code}). Renew or correct them`;
const otherRegion = (code: string) =>
  `cannot be had: the bucket is in another region (${code}). Set AWS_REGION to the bucket's`;
const changed = () => 'was changed while it was read. Versions must never change: see who writes to them';
const shorter = () => 'is shorter than its manifest says. Publish the version again, or promote another one';

/** What S3's codes mean here, and what to do. */
const meanings: Readonly<Record<string, (code: string, subject: S3Subject) => string>> = {
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

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;

/** The SDK's errors are named after S3's codes and carry the answer's status. */
export function readFault(error: unknown): S3Fault {
  const status = fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode');
  const code = fieldOf(error, 'name');
  return { code: String(code ?? ''), status: typeof status === 'number' ? status : undefined };
}

/** What S3 refuses, and what this store has judged, stays so. All else passes: no answer, an answer that broke off, 5xx. */
export function classifyS3Failure(error: unknown): FailureKind {
  if (error instanceof WrongBytesError) return 'damaged';
  if (error instanceof ModelStoreError) return 'final';
  const { code, status = 0 } = readFault(error);
  const refused = status >= 300 && status < 500 && !transientStatus.has(status) && !transientCodes.has(code);
  return refused ? 'final' : 'transient';
}

/** Names the object, the reason and the way out. */
export function explainS3Failure(cause: unknown, subject: S3Subject): ModelStoreError {
  if (cause instanceof ModelStoreError) return cause;
  const { code, status } = readFault(cause);
  const damaged = code === 'InvalidRange' || status === 416;
  return new ModelStoreError(`${subject.name} ${describe(cause, subject)}.`, {
    missing: code === 'NoSuchKey',
    damaged,
    cause,
  });
}

function describe(cause: unknown, subject: S3Subject): string {
  const fault = readFault(cause);
  if (fault.status !== undefined && fault.status >= 300) return describeAnswer(messageOf(cause), fault, subject);
  return `cannot be reached${at(subject)}: ${describeSilence(cause, fault)}`;
}

const at = ({ endpoint }: S3Subject) => (endpoint ? ` at ${endpoint} (AWS_ENDPOINT_URL)` : '');

function describeSilence(cause: unknown, { code }: S3Fault): string {
  const message = messageOf(cause) || systemCode(cause) || code;
  if (code === 'CredentialsProviderError')
    return `no AWS credentials were found (${message}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run under a role`;
  return message.startsWith('Region is missing') ? 'no AWS region is known. Set AWS_REGION' : message;
}

function describeAnswer(message: string, { code, status = 0 }: S3Fault, subject: S3Subject): string {
  const meaning = meanings[code];
  if (meaning) return meaning(code, subject);
  if (status === 403)
    return `cannot be had: access is denied (${code}: ${message}). It needs ${subject.permission}; without s3:ListBucket S3 says the same of an object that does not exist`;
  if (status === 412) return changed();
  if (status === 416) return shorter();
  return `cannot be had: S3 answers ${status} (${code}: ${message})${status >= 500 ? ', however often it is asked' : ''}`;
}
