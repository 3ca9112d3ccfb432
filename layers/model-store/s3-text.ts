import { ModelStoreError } from './errors.ts';
import { describeLongText, longestTextBytes } from './manifest.ts';
import { readChunks, type StallTimeout } from './retry.ts';
import type { ObjectRead, OpenedObject } from './s3-client.ts';
import { readFault } from './s3-failure.ts';
import { askPatiently, objectAt, type S3Place, subjectAt } from './s3-request.ts';
import type { Cancellable, StoredText, WriteCondition } from './types.ts';

interface TextRead extends Cancellable {
  /** Tag of what the caller has already. */
  readonly etag?: string;
}

/** Reads a small object whole. */
export async function readS3Text(place: S3Place, key: string, { signal }: Cancellable = {}): Promise<StoredText> {
  return read(place, key, {}, signal);
}

/** Reads a small object unless it still has the tag given. */
export async function readS3TextIfChanged(
  place: S3Place,
  key: string,
  { etag, signal }: TextRead,
): Promise<StoredText | undefined> {
  return read(place, key, { IfNoneMatch: etag }, signal).catch(ignoreUnchanged);
}

function read(place: S3Place, key: string, conditions: ObjectRead, signal?: AbortSignal): Promise<StoredText> {
  const address = objectAt(place, key);
  const subject = subjectAt(place, key, 's3:GetObject');
  return askPatiently(place, { ...subject, signal }, async (door, timeout) => {
    const answer = await door.get(address, conditions, timeout.signal);
    return { text: await collectText(answer, timeout, subject.name), etag: answer.etag };
  });
}

function ignoreUnchanged(error: unknown): undefined {
  if (error instanceof ModelStoreError && readFault(error.cause).status === 304) return undefined;
  throw error;
}

async function collectText({ body, objectBytes }: OpenedObject, timeout: StallTimeout, name: string): Promise<string> {
  if (objectBytes > longestTextBytes) {
    body.destroy(); // or its connection would stay taken
    throw new ModelStoreError(`${name} ${describeLongText(objectBytes)}`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(body, timeout)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What to write where, and on which condition. */
export interface TextWrite {
  readonly key: string;
  readonly text: string;
  readonly condition: WriteCondition;
}

/** Writes a small object; returns its tag. A condition that does not hold rejects with `conflict`. */
export async function writeS3Text(place: S3Place, { key, text, condition }: TextWrite): Promise<string> {
  const address = objectAt(place, key);
  const subject = subjectAt(place, key, 's3:PutObject');
  const conditions = 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch };
  let tries = 0;
  try {
    return await askPatiently(place, subject, (door, timeout) => {
      tries++;
      return door.put(address, { text, ...conditions }, timeout.signal);
    });
  } catch (error) {
    if (!isConflict(error, condition)) throw error;
    const stored = tries > 1 ? await readS3Text(place, key).catch(() => undefined) : undefined;
    // The first try may have been written although its answer was lost; then the second met its own text.
    if (stored?.text === text) return stored.etag;
    throw describeConflict(error, subject.name, condition);
  }
}

/** 412 is the rule. 409 is another writer in the same moment, and 404 that what was to be replaced is gone. */
function isConflict(error: unknown, condition: WriteCondition): boolean {
  if (!(error instanceof ModelStoreError)) return false;
  const { status } = readFault(error.cause);
  return status === 412 || status === 409 || (error.missing && 'ifMatch' in condition);
}

function describeConflict(cause: unknown, name: string, condition: WriteCondition): ModelStoreError {
  const reason = 'ifAbsent' in condition ? 'it exists already' : 'another publisher has changed it since it was read';
  return new ModelStoreError(`${name} was not written: ${reason}.`, { conflict: true, cause });
}

/** Every key under a folder, sorted and relative to the store. S3 gives at most 1,000 in one answer. */
export async function listS3Keys(place: S3Place, folder: string, MaxKeys = 1000): Promise<string[]> {
  const { Bucket, Key } = objectAt(place, folder);
  const subject = subjectAt(place, folder, 's3:ListBucket');
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const from = { Bucket, Prefix: `${Key}/`, MaxKeys, ContinuationToken: next };
    const page = await askPatiently(place, subject, (door, timeout) => door.list(from, timeout.signal));
    keys.push(...page.keys);
    next = page.next;
  } while (next !== undefined);
  const cut = Key.length - folder.length;
  return keys.map((key) => key.slice(cut)).sort();
}
