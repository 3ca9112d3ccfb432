// The two versions of the tiny model that the campaigns serve, in a bucket of a real S3 server.
import { startCanary } from '../../../layers/model-store/index.ts';
import { createPointer, createTinyVersion, firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { makeBucket } from '../../s3/buckets.ts';
import { openUpstream, type ReadUpstream } from '../../s3/upstream.ts';

/** The text that every request asks about. It is in the share of a canary. */
export const text = 'a good book';
/** `[CLS] a good book [SEP]`: the mean over five tokens of what "good" adds. */
const expectScore = (strength: number) => 1 / (1 + Math.exp(-strength / 5));

/** The probability of `positive` that a version gives the text, computed by hand. */
export const scores: Readonly<Record<string, number>> = {
  [firstVersion]: expectScore(9),
  [secondVersion]: expectScore(6),
};

/** Bytes of a part. The tiny model has several parts of this length, and so has its tokenizer. */
const partBytes = 128;

/** Where the objects lie, and what they hold. */
export interface Versions {
  readonly upstream: ReadUpstream;
  readonly bucket: string;
  /** Keys in the bucket, with the prefix. */
  readonly objects: ReadonlyMap<string, Buffer>;
}

export const prefix = 'models';
/** The pointers of the store: before a promotion, after it, and while the second version is the candidate of a canary. */
export const pointers = { before: 'current.json', after: 'after.json', canary: 'canary.json' } as const;

/** The pointer to the first version, with the second one as the candidate of a canary. */
function offerSecond(first: Buffer, second: Buffer): Buffer {
  const plan = { share: 99, minutes: 60 };
  return Buffer.from(
    JSON.stringify(startCanary(JSON.parse(String(first)), JSON.parse(String(second)).manifest, plan, new Date())),
  );
}

async function createObjects(): Promise<ReadonlyMap<string, Buffer>> {
  const [first, second] = [
    await createTinyVersion(firstVersion, undefined, partBytes),
    await createTinyVersion(secondVersion, undefined, partBytes),
  ];
  const before = createPointer(first, firstVersion);
  const after = createPointer(second, secondVersion);
  const all = {
    ...{ ...first, ...second },
    ...{ [pointers.before]: before, [pointers.after]: after, [pointers.canary]: offerSecond(before, after) },
  };
  return new Map(Object.entries(all).map(([key, bytes]) => [`${prefix}/${key}`, bytes]));
}

/** Puts both versions into a new bucket. */
export async function publishVersions(): Promise<Versions> {
  const bucket = await makeBucket();
  const objects = await createObjects();
  for (const [key, bytes] of objects) await bucket.put(key, bytes);
  return { upstream: openUpstream(bucket.endpoint), bucket: bucket.name, objects };
}
