import { checkKey, type S3Address } from './address.ts';
import { createLimit, type Limit } from './concurrency.ts';
import { downloadFile, type RangeSource } from './download.ts';
import { ModelStoreError } from './errors.ts';
import { describeLongText, longestTextBytes } from './manifest.ts';
import {
  defaultRetryPolicy,
  type RetryPolicy,
  readChunks,
  retry,
  type StallTimeout,
  withStallTimeout,
} from './retry.ts';
import { classifyS3Failure, explainS3Failure, readErrorCode, type S3Target } from './s3-errors.ts';
import {
  createGetObject,
  findS3Access,
  type ObjectAddress,
  type ObjectRead,
  type OpenedObject,
  type S3Environment,
} from './s3-get.ts';
import type { S3Operations } from './s3-sdk.ts';
import type { Cancellable, FetchedFile, FileRequest, ModelStore, StoredText, WriteCondition } from './types.ts';

/** Settings of the S3 store that tests and unusual networks change. */
export interface S3StoreOptions extends S3Environment {
  readonly retryPolicy?: Partial<RetryPolicy>;
  /**
   * Ranges that are open at once. One connection to S3 brings 50 to 90 MB/s; a few of them fill a function's network.
   */
  readonly connections?: number;
}

/**
 * Creates the store under an S3 prefix. Nothing is loaded or requested before the first call. Every request is retried
 * after transient faults. A file's ranges come in parallel, and only those that failed are requested again.
 */
export function createS3Store(address: S3Address, options: S3StoreOptions = {}): ModelStore {
  const connection = createS3Connection(address, options, { ...defaultRetryPolicy, ...options.retryPolicy });
  const limit = createLimit(options.connections ?? 8);
  return {
    location: connection.location,
    readText: (key, { signal } = {}) => readText(connection, key, {}, signal),
    readTextIfChanged: (key, etag, { signal } = {}) =>
      readText(connection, key, { IfNoneMatch: etag }, signal).catch(ignoreUnchanged),
    fetchFile: (request) => fetchFile(connection, request, limit),
    writeText: (key, text, condition) => writeText(connection, { key, text, condition }),
    listKeys: (folder) => listS3Keys(connection, folder),
    reconnect: () => connection.connect.forget(),
  };
}

/** What all requests of one store share. */
interface S3Connection extends S3Address {
  readonly location: string;
  readonly endpoint: string | undefined;
  readonly retryPolicy: RetryPolicy;
  /** Connects at the first call. A failure is forgotten, so that the next call tries again. */
  readonly connect: Remembered<S3Operations>;
}

export function createS3Connection(
  { bucket, prefix }: S3Address,
  environment: S3Environment,
  retryPolicy: RetryPolicy,
): S3Connection {
  const location = ['s3:/', bucket, ...(prefix ? [prefix] : [])].join('/');
  const connect = rememberSuccess(() => connectTo(environment));
  return { bucket, prefix, location, endpoint: environment.endpoint, retryPolicy, connect };
}

/** Loads the AWS SDK only where it is needed: to write, to list, or to find credentials. */
async function connectTo(environment: S3Environment): Promise<S3Operations> {
  const loadSdk = rememberSuccess(async () => (await import('./s3-sdk.ts')).createSdkOperations(environment));
  const access = findS3Access(environment);
  if (!access) return loadSdk();
  return {
    get: createGetObject(access),
    put: async (...request) => (await loadSdk()).put(...request),
    list: async (...request) => (await loadSdk()).list(...request),
  };
}

/** Makes a value at the first call, and again at the call after `forget`. */
interface Remembered<T> {
  (): Promise<T>;
  forget(): void;
}

function rememberSuccess<T>(make: () => Promise<T>): Remembered<T> {
  let made: Promise<T> | undefined;
  const forget = () => {
    made = undefined;
  };
  const get = () => {
    made ??= make().catch((error: unknown) => {
      forget();
      throw error;
    });
    return made;
  };
  return Object.assign(get, { forget });
}

/** The address of a key's object in S3. */
function addressOf({ bucket, prefix, location }: S3Connection, key: string): ObjectAddress {
  checkKey(key, location);
  return { Bucket: bucket, Key: prefix ? `${prefix}/${key}` : key };
}

const targetOf = ({ bucket, location, endpoint }: S3Connection, key: string, permission: string): S3Target => ({
  bucket,
  name: `${location}/${key}`,
  permission,
  endpoint,
});

/** Connects and sends. Any failure becomes a `ModelStoreError` about the target, or the signal's reason. */
async function send<T>(
  connection: S3Connection,
  { signal, ...target }: S3Target & Cancellable,
  request: (s3: S3Operations) => Promise<T>,
): Promise<T> {
  try {
    return await request(await connection.connect());
  } catch (error) {
    signal?.throwIfAborted();
    throw explainS3Failure(error, target);
  }
}

/** Sends one small request, and retries it after transient faults. */
function sendWithRetries<T>(
  connection: S3Connection,
  target: S3Target & Cancellable,
  request: (s3: S3Operations, timeout: StallTimeout) => Promise<T>,
): Promise<T> {
  const { retryPolicy: policy } = connection;
  const { signal } = target;
  const attempt = (s3: S3Operations) => withStallTimeout({ ...policy, signal }, (timeout) => request(s3, timeout));
  return send(connection, target, (s3) => retry(() => attempt(s3), { policy, signal, classify: classifyS3Failure }));
}

function fetchFile(connection: S3Connection, request: FileRequest, limit: Limit): Promise<FetchedFile> {
  const target = targetOf(connection, request.key, 's3:GetObject');
  return send(connection, { ...target, signal: request.signal }, async (s3) => {
    const source: RangeSource = {
      name: target.name,
      retryPolicy: connection.retryPolicy,
      classify: classifyS3Failure,
      open: ({ start, end }, { ifMatch, signal }) =>
        s3.get(addressOf(connection, request.key), { Range: `bytes=${start}-${end}`, IfMatch: ifMatch }, signal),
    };
    return downloadFile(source, request, limit);
  });
}

/** Reads a small object whole. */
async function readText(
  connection: S3Connection,
  key: string,
  conditions: ObjectRead,
  signal?: AbortSignal,
): Promise<StoredText> {
  const address = addressOf(connection, key);
  const target = targetOf(connection, key, 's3:GetObject');
  return sendWithRetries(connection, { ...target, signal }, async (s3, timeout) => {
    const answer = await s3.get(address, conditions, timeout.signal);
    return { text: await collectText(answer, timeout, target.name), etag: answer.etag };
  });
}

async function collectText({ body, objectBytes }: OpenedObject, timeout: StallTimeout, name: string): Promise<string> {
  const refuseLong = (bytes: number) => {
    if (!(bytes > longestTextBytes)) return;
    body.destroy(); // otherwise its connection would stay in use
    throw new ModelStoreError(`${name} ${describeLongText(bytes)}`);
  };
  refuseLong(objectBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readChunks(body, timeout)) {
    bytes += chunk.length;
    refuseLong(bytes); // an answer does not have to say how long it is
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function ignoreUnchanged(error: unknown): undefined {
  if (error instanceof ModelStoreError && readErrorCode(error.cause).status === 304) return undefined;
  throw error;
}

/** What to write where, and on which condition. */
interface TextWrite {
  readonly key: string;
  readonly text: string;
  readonly condition: WriteCondition;
}

/** Writes a small object and returns its tag. Rejects with `conflict` if the condition does not hold. */
async function writeText(connection: S3Connection, { key, text, condition }: TextWrite): Promise<string> {
  const address = addressOf(connection, key);
  const target = targetOf(connection, key, 's3:PutObject');
  const conditions = 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch };
  let tries = 0;
  try {
    return await sendWithRetries(connection, target, (s3, timeout) => {
      tries++;
      return s3.put(address, { text, ...conditions }, timeout.signal);
    });
  } catch (error) {
    if (!isConflict(error, condition)) throw error;
    const stored = tries > 1 ? await readText(connection, key, {}).catch(() => undefined) : undefined;
    // The first try may have written the text although its answer was lost. Then the second try met its own text.
    if (stored?.text === text) return stored.etag;
    throw describeConflict(error, target.name, condition);
  }
}

/**
 * S3 answers 412 for a conflict, 409 if another writer comes at the same moment, and 404 if the text to replace is
 * gone.
 */
function isConflict(error: unknown, condition: WriteCondition): boolean {
  if (!(error instanceof ModelStoreError)) return false;
  const { status } = readErrorCode(error.cause);
  return status === 412 || status === 409 || (error.missing && 'ifMatch' in condition);
}

function describeConflict(cause: unknown, name: string, condition: WriteCondition): ModelStoreError {
  const reason = 'ifAbsent' in condition ? 'it exists already' : 'another publisher has changed it since it was read';
  return new ModelStoreError(`${name} was not written: ${reason}.`, { conflict: true, cause });
}

/** Lists every key under a folder, sorted and relative to the store. S3 gives at most 1,000 in one answer. */
export async function listS3Keys(connection: S3Connection, folder: string, MaxKeys = 1000): Promise<string[]> {
  const { Bucket, Key } = addressOf(connection, folder);
  const target = targetOf(connection, folder, 's3:ListBucket');
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const query = { Bucket, Prefix: `${Key}/`, MaxKeys, ContinuationToken: next };
    const page = await sendWithRetries(connection, target, (s3, timeout) => s3.list(query, timeout.signal));
    keys.push(...page.keys);
    next = page.next;
  } while (next !== undefined);
  const cut = Key.length - folder.length;
  return keys.map((key) => key.slice(cut)).sort();
}
