import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { deliver } from '../../../local/train/upload.ts';

const client = new S3Client({
  endpoint: process.env.TEST_S3_ENDPOINT ?? '',
  forcePathStyle: true,
  region: 'us-east-1',
});
const folder = mkdtempSync(join(tmpdir(), 'upload-'));
const bucket = `upload-${randomUUID()}`;

beforeAll(async () => {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const createParcel = (key: string, content: string | Buffer, once = false) => {
  const path = join(folder, randomUUID());
  writeFileSync(path, content);
  return { path, key, bytes: content.length, once };
};

const send = (
  parcel: ReturnType<typeof createParcel>,
  onProgress: (parcel: unknown, bytes: number) => void = () => undefined,
) => deliver(parcel, { client, bucket, prefix: 'dev', onProgress });

const read = async (key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `dev/${key}` }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

describe('an upload', () => {
  it('brings a file under the prefix of the stage, and replaces an earlier one', async () => {
    await send(createParcel('training/data/imdb.csv', 'old'));
    expect(await send(createParcel('training/data/imdb.csv', 'new'))).toBe(true);
    expect((await read('training/data/imdb.csv')).toString()).toBe('new');
  });

  it('never replaces an object of a version', async () => {
    expect(await send(createParcel('versions/v/model.onnx', 'first', true))).toBe(true);
    expect(await send(createParcel('versions/v/model.onnx', 'second', true))).toBe(false);
    expect((await read('versions/v/model.onnx')).toString()).toBe('first');
  });

  it('brings a large file in parts and counts its bytes', async () => {
    const content = randomBytes(20 * 1024 * 1024);
    const seen: number[] = [];
    await send(createParcel('versions/v/large', content, true), (_parcel, bytes) => seen.push(bytes));
    expect((await read('versions/v/large')).equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen.length).toBeGreaterThan(1);
  });

  it('stops when it is told to', async () => {
    const stopped = AbortSignal.abort(new Error('Stopped.'));
    const delivery = { client, bucket, prefix: 'dev', onProgress: () => undefined, signal: stopped };
    await expect(deliver(createParcel('training/data/stopped.csv', 'x'), delivery)).rejects.toThrow('Stopped.');
    await expect(read('training/data/stopped.csv')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});
