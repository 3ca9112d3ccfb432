// Results of a stage as they arrive in its bucket.
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

/** A folder of results. */
export interface ResultFolder {
  readonly client: S3Client;
  readonly bucket: string;
  /** Ends with a slash. Below it are folders by the hour, YYYY/MM/DD/HH. */
  readonly prefix: string;
}

/** Firehose names an object by the hour in which its first record came, and may write it this much later. */
const lateHours = 2;

/**
 * Yields the lines of each object that appears in the folder, oldest first, until the pause rejects.
 *
 * @param since - objects that were written earlier are left out.
 */
export async function* followResults(
  folder: ResultFolder,
  since: Date,
  pause: () => Promise<unknown>,
): AsyncGenerator<string> {
  const seen = new Set<string>();
  let from = since;
  for (;;) {
    const asked = new Date();
    for (const key of await listNew(folder, from, since)) {
      if (seen.has(key)) continue;
      seen.add(key);
      yield* await readLines(folder, key);
    }
    from = asked;
    await pause();
  }
}

/** Keys of the hours from a time on, of objects that were written since. */
async function listNew({ client, bucket, prefix }: ResultFolder, from: Date, since: Date): Promise<string[]> {
  const first = new Date(from.getTime() - lateHours * 3_600_000).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');
  const keys: { readonly key: string; readonly written: number }[] = [];
  let ContinuationToken: string | undefined;
  do {
    const asked = { Bucket: bucket, Prefix: prefix, StartAfter: `${prefix}${first}`, ContinuationToken };
    const { Contents = [], NextContinuationToken } = await client.send(new ListObjectsV2Command(asked));
    for (const { Key = '', LastModified } of Contents) keys.push({ key: Key, written: LastModified?.getTime() ?? 0 });
    ContinuationToken = NextContinuationToken;
  } while (ContinuationToken);
  // S3 knows whole seconds.
  const oldest = Math.floor(since.getTime() / 1000) * 1000;
  return keys
    .filter(({ written }) => written >= oldest)
    .sort((one, other) => one.written - other.written)
    .map(({ key }) => key);
}

async function readLines({ client, bucket, prefix: _ }: ResultFolder, Key: string): Promise<string[]> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isPacked ? gunzipSync(bytes) : bytes).toString();
  return text.split('\n').filter((line) => line !== '');
}
