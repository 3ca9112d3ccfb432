import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parseReaderFlags } from '../../local/reader-flags.ts';
import { planUpload, uploadFile } from '../../local/upload.ts';

const folder = mkdtempSync(join(tmpdir(), 'upload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

const version = '20261123T081500Z-3f9a1c2';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const describeFile = (role: string, path: string, text: string) => ({
  role,
  path,
  bytes: text.length,
  sha256: sha256(text),
  parts: [sha256(text)],
});

const metrics = { accuracy: 0.9, f1: 0.9, auc: 0.9, ece: 0.01 };
const manifest = {
  schema: 1,
  version,
  createdAt: '2026-11-23T08:15:00Z',
  labels: ['negative', 'positive'],
  maxTokens: 512,
  temperature: 1,
  precision: 'int8',
  onnxruntime: '1.30.0',
  partBytes: 8388608,
  files: [describeFile('model', 'model.onnx', 'model'), describeFile('tokenizer', 'tokenizer.json', '{}')],
  metrics: { rows: 10, ...metrics, reference: metrics, flipped: 0 },
  provenance: {
    base: { name: 'b', sha256: sha256('b') },
    data: [],
    settings: {},
    seed: 42,
    revision: null,
    libraries: {},
    device: 'cpu',
    parent: null,
  },
};

const writeStore = (name: string, model = 'model') => {
  write(`${name}/versions/${version}/model.onnx`, model);
  write(`${name}/versions/${version}/tokenizer.json`, '{}');
  write(`${name}/versions/${version}/manifest.json`, JSON.stringify(manifest));
  write(`${name}/current.json`, JSON.stringify({ schema: 1, version, promotedAt: '2026-11-23T09:00:00Z', manifest }));
  return join(folder, name);
};

describe('a CSV file', () => {
  it('goes to training/data/, under its own name or another', async () => {
    const path = write('reviews.csv', 'review,sentiment\n"good, very",positive\n');
    expect(await planUpload(path)).toEqual([{ path, key: 'training/data/reviews.csv', bytes: 39, createOnly: false }]);
    expect(await planUpload(path, { name: 'imdb.csv' })).toMatchObject([{ key: 'training/data/imdb.csv' }]);
  });

  it('may be compressed, and may begin with a byte order mark', async () => {
    const path = write('reviews.csv.gz', gzipSync('\uFEFFreview,sentiment\ngood,positive\n'));
    expect(await planUpload(path)).toMatchObject([{ key: 'training/data/reviews.csv.gz' }]);
  });

  it.each([
    ['without the columns', 'a.csv', 'body,mood\nx,1\n', 'a.csv: no column review, text,'],
    ['without a label', 'b.csv', 'review,mood\nx,1\n', 'b.csv: no column sentiment, label or polarity;'],
    ['that is empty', 'c.csv', '', 'c.csv: it is empty'],
    ['that is not compressed although its name says so', 'd.csv.gz', 'review,sentiment\n', 'is not packed with gzip'],
    ['with a bad row at its end', 'e.csv', 'text,label\nx,1\ny,0\nz\n', '1 of 3 rows with too few fields (line 4)'],
    ['that is no text', 'f.xlsx', 'PK\u0003\u0004', 'f.xlsx: it is a zip file or an Excel workbook'],
  ])('is refused %s', async (_what, name, content, sentence) => {
    await expect(planUpload(write(name, content))).rejects.toThrow(sentence);
  });

  it('is read by the flags of training, and what was taken for what is told', async () => {
    const path = write('rated.jsonl', '{"body": "good", "stars": 2}\n{"body": "bad", "stars": 1}\n');
    const told: string[] = [];
    const reading = parseReaderFlags({ textColumn: 'body', labelColumn: 'stars', labels: '1=negative,2=positive' });
    expect(await planUpload(path, { reading, say: (sentence) => told.push(sentence) })).toHaveLength(1);
    expect(told).toEqual([
      `${path}: JSON lines, the text in column body, the label in column stars (1 = negative, 2 = positive).`,
    ]);
  });

  it('may have probabilities of a model in place of labels', async () => {
    expect(await planUpload(write('soft.csv', 'text,negative,positive\ngood,0.1,0.9\n'))).toHaveLength(1);
  });
});

describe('a folder', () => {
  it('with a config.json is a base model, whose files keep their names', async () => {
    for (const name of ['config.json', 'vocab.txt', 'model.safetensors', '.DS_Store']) write(`bert_tiny/${name}`, 'x');
    const plan = await planUpload(join(folder, 'bert_tiny'));
    expect(plan.map(({ key }) => key)).toEqual([
      'training/base/bert_tiny/config.json',
      'training/base/bert_tiny/model.safetensors',
      'training/base/bert_tiny/vocab.txt',
    ]);
    expect(plan.every(({ createOnly }) => !createOnly)).toBe(true);
  });

  it('with versions is a model store: its current version is uploaded, the manifest last', async () => {
    const plan = await planUpload(writeStore('store'));
    expect(plan.map(({ key }) => key)).toEqual([
      `versions/${version}/model.onnx`,
      `versions/${version}/tokenizer.json`,
      `versions/${version}/manifest.json`,
    ]);
    expect(plan.every(({ createOnly }) => createOnly)).toBe(true);
  });

  it('with a damaged version is refused before anything is uploaded', async () => {
    await expect(planUpload(writeStore('damaged', 'mod?l'))).rejects.toThrow(/model\.onnx/);
  });

  it('with neither is refused', async () => {
    write('photos/cat.jpg', 'x');
    await expect(planUpload(join(folder, 'photos'))).rejects.toThrow(
      'is neither a pretrained BERT (it has no config.json) nor',
    );
  });
});

describe('a path', () => {
  it.each([
    ['does not exist', () => join(folder, 'nothing.csv'), 'nothing.csv does not exist.'],
    ['is another kind of file', () => write('notes.txt', 'x'), 'notes.txt: no column review, text,'],
  ])('that %s is refused', async (_what, path, sentence) => {
    await expect(planUpload(path())).rejects.toThrow(sentence);
  });
});

const client = new S3Client({
  endpoint: process.env.TEST_S3_ENDPOINT ?? '',
  forcePathStyle: true,
  region: 'us-east-1',
});
const bucket = `upload-${randomUUID()}`;

beforeAll(async () => {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});

const createFile = (key: string, content: string | Buffer, createOnly = false) => {
  const path = join(folder, randomUUID());
  writeFileSync(path, content);
  return { path, key, bytes: content.length, createOnly };
};

const send = (
  file: ReturnType<typeof createFile>,
  onProgress: (file: unknown, bytes: number) => void = () => undefined,
) => uploadFile(file, { client, bucket, prefix: 'dev', onProgress });

const read = async (key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `dev/${key}` }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

describe('an upload', () => {
  it('puts a file under the prefix of the stage, and replaces an earlier one', async () => {
    await send(createFile('training/data/imdb.csv', 'old'));
    expect(await send(createFile('training/data/imdb.csv', 'new'))).toBe(true);
    expect((await read('training/data/imdb.csv')).toString()).toBe('new');
  });

  it('never replaces an object of a version', async () => {
    expect(await send(createFile('versions/v/model.onnx', 'first', true))).toBe(true);
    expect(await send(createFile('versions/v/model.onnx', 'second', true))).toBe(false);
    expect((await read('versions/v/model.onnx')).toString()).toBe('first');
  });

  it('sends a large file in parts and counts its bytes', async () => {
    const content = randomBytes(20 * 1024 * 1024);
    const seen: number[] = [];
    await send(createFile('versions/v/large', content, true), (_file, bytes) => seen.push(bytes));
    expect((await read('versions/v/large')).equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen.length).toBeGreaterThan(1);
  });

  it('stops when its signal is aborted', async () => {
    const stopped = AbortSignal.abort(new Error('Stopped.'));
    const destination = { client, bucket, prefix: 'dev', onProgress: () => undefined, signal: stopped };
    await expect(uploadFile(createFile('training/data/stopped.csv', 'x'), destination)).rejects.toThrow('Stopped.');
    await expect(read('training/data/stopped.csv')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});
