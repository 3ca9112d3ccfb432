import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { jest } from '@jest/globals';
import {
  type ModelStoreError,
  openModelStore,
  pullModel,
  type S3StoreOptions,
} from '../../../layers/model-store/index.ts';
import { type Asked, type Fault, type FaultyServer, startFaultyServer } from '../../s3/faulty-server.ts';
import { listFiles, makeFolder, publish } from './harness.ts';
import { makeVersion, pointTo } from './sample-version.ts';

const sample = makeVersion();
const modelName = `bucket/models/versions/${sample.version}/model.onnx`;
const secondPart = 'bytes=1000-1999';
const allParts = ['bytes=0-999', secondPart, 'bytes=2000-2999', 'bytes=3000-3209'];

let server: FaultyServer;
let directory: string;

beforeEach(async () => {
  server = await startFaultyServer();
  directory = await makeFolder();
  const put = async (key: string, bytes: Buffer | string) =>
    void server.objects.set(`bucket/models/${key}`, Buffer.from(bytes));
  await publish({ put }, sample);
});
afterEach(() => server.stop());

const hasty = { firstDelayMs: 1, longestDelayMs: 4 };
/** Long enough that a busy machine is not taken for a silent server. */
const shortStall = { retryPolicy: { stallMs: 700 } };
const open = (options: S3StoreOptions = {}) =>
  openModelStore('s3://bucket/models', {
    endpoint: server.endpoint,
    ...options,
    retryPolicy: { ...hasty, ...options.retryPolicy },
  });
const pull = (options: S3StoreOptions = {}, signal?: AbortSignal) => pullModel(open(options), { directory, signal });

/** Plans a fault of the model's second part for the first `times` requests. */
const onSecondPart = (fault: Fault, times: number) =>
  server.misbehave(({ path, range, before }) =>
    path === modelName && range === secondPart && before < times ? fault : undefined,
  );

const rangesOf = (path: string) => server.asked.filter((one) => one.path === path).map(({ range }) => range ?? '');

const expectRefusal = async (promise: Promise<unknown>, pattern: RegExp, flags: Partial<ModelStoreError> = {}) => {
  await expect(promise).rejects.toMatchObject({
    name: 'ModelStoreError',
    message: expect.stringMatching(pattern),
    ...flags,
  });
  expect((await listFiles(directory)).filter((path) => !path.endsWith('tokenizer.json'))).toEqual([]);
};

it('asks for the pointer once, then for each part once, and for nothing else', async () => {
  await pull();
  const [first, ...rest] = server.asked.map(({ method, path, range }) => `${method} ${path} ${range ?? ''}`.trim());
  expect(first).toBe('GET bucket/models/current.json');
  const tokenizer = ['bytes=0-999', 'bytes=1000-1499'].map(
    (range) => `GET bucket/models/versions/${sample.version}/tokenizer.json ${range}`,
  );
  expect(rest.sort()).toEqual([...allParts.map((range) => `GET ${modelName} ${range}`), ...tokenizer].sort());
});

describe('a transient fault', () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ['never answers', { silent: true }],
    ['stalls in the middle of the body', { stallAfter: 300 }],
    ['stalls before the body', { stallAfter: 0 }],
    ['breaks the connection in the middle of the body', { dropAfter: 300 }],
    ['sends fewer bytes than it was asked for', { shortBy: 10 }],
    ['sends wrong bytes once', { damaged: true }],
    ['asks to slow down', { status: 503, code: 'SlowDown' }],
    ['answers 500', { status: 500, code: 'InternalError' }],
    ['answers 503 without XML', { status: 503, code: '', text: '<html>Service Unavailable</html>' }],
    ['answers 400 RequestTimeout', { status: 400, code: 'RequestTimeout' }],
    ['answers 429', { status: 429, code: 'TooManyRequests' }],
  ];

  it.each(faults)('%s: only that part is requested again', async (_, fault) => {
    onSecondPart(fault, 1);
    const { modelPath } = await pull(shortStall);
    expect(await readFile(modelPath)).toEqual(sample.model);
    expect(rangesOf(modelName).sort()).toEqual([...allParts, secondPart].sort());
    expect(await listFiles(directory)).toHaveLength(2);
  });

  it('requests a part again with the tag of the first answer', async () => {
    onSecondPart({ dropAfter: 1 }, 1);
    await pull();
    const tags = server.asked.filter((one) => one.range === secondPart && one.path === modelName);
    expect(tags.at(-1)?.ifMatch).toMatch(/^"[0-9a-f]{32}"$/);
  });

  it.each(faults.filter(([name]) => !name.includes('fewer') && !name.includes('wrong')))(
    'reads the pointer although the server %s',
    async (_, fault) => {
      server.misbehave(({ path, before }) => (path.endsWith('current.json') && before < 1 ? fault : undefined));
      await expect(pull(shortStall)).resolves.toMatchObject({ manifest: { version: sample.version } });
    },
  );

  it('waits for a server that is slow but never silent for long', async () => {
    onSecondPart({ pauseMs: 400, pieces: 4 }, 1);
    await pull({ retryPolicy: { stallMs: 1000 } });
    expect(rangesOf(modelName)).toHaveLength(4);
  });
});

describe('a lasting fault', () => {
  it('is reported after a bounded number of tries', async () => {
    onSecondPart({ status: 503, code: 'SlowDown' }, 99);
    await expectRefusal(
      pull({ retryPolicy: { tries: 3 } }),
      /^s3:\/\/bucket\/models\/versions\/.*model\.onnx cannot be had: S3 answers 503 \(SlowDown: .*, however often/,
    );
    expect(rangesOf(modelName).filter((range) => range === secondPart)).toHaveLength(3);
  });

  it('a stall: reports for how long no byte arrived', async () => {
    onSecondPart({ stallAfter: 500 }, 99);
    await expectRefusal(
      pull({ retryPolicy: { tries: 2, stallMs: 700 } }),
      /model\.onnx cannot be reached at .*: no byte arrived for 0\.7 s/,
    );
  });

  it('wrong bytes twice: refuses the part', async () => {
    onSecondPart({ damaged: true }, 99);
    await expectRefusal(pull(), /model\.onnx has the wrong SHA-256 in part 2 of 4/);
    expect(rangesOf(modelName).filter((range) => range === secondPart)).toHaveLength(2);
  });

  it('a text without end and without a length: is not read to its end', async () => {
    server.objects.set('bucket/models/current.json', Buffer.alloc(5 << 20, ' '));
    server.misbehave(() => ({ chunked: true }));
    await expectRefusal(pull(), /current\.json has \d+ bytes, too many for a manifest/);
    expect(server.asked).toHaveLength(1);
  });

  const answers: readonly (readonly [number, string, RegExp])[] = [
    [
      403,
      'AccessDenied',
      /access is denied \(AccessDenied: as planned\)\. It needs s3:GetObject; without s3:ListBucket/,
    ],
    [403, 'InvalidAccessKeyId', /S3 refuses the AWS credentials \(InvalidAccessKeyId\)/],
    [403, 'SignatureDoesNotMatch', /S3 refuses the AWS credentials \(SignatureDoesNotMatch\)/],
    [400, 'ExpiredToken', /S3 refuses the AWS credentials \(ExpiredToken\)/],
    [301, 'PermanentRedirect', /the bucket is in another region \(PermanentRedirect\)\. Set AWS_REGION/],
    [400, 'InvalidRequest', /S3 answers 400 \(InvalidRequest: as planned\)\.$/],
  ];
  it.each(answers)('%d %s: is not retried', async (status, code, pattern) => {
    server.misbehave(() => ({ status, code }));
    await expectRefusal(pull(), pattern, { missing: false });
    expect(server.asked).toHaveLength(1);
  });
});

describe('an object that changes while it is read', () => {
  const replacement = Buffer.alloc(sample.model.length);
  const changed = /model\.onnx was changed while it was read\. Versions must never change/;

  it('is noticed by its tag when the ranges come one after the other', async () => {
    onSecondPart({ replacement }, 1);
    await expectRefusal(pull({ connections: 1 }), changed);
  });

  it('is noticed by its tag alone when every part that arrived is as published', async () => {
    let models = 0;
    server.misbehave(({ path, range }) => {
      if (path !== modelName || ++models < allParts.length) return undefined;
      const other = Buffer.from(sample.model);
      other[range === secondPart ? 0 : 1500] = 0; // a part that has been answered already
      return { replacement: other };
    });
    await expectRefusal(pull(), changed);
    expect(rangesOf(modelName)).toHaveLength(4);
  });
});

it('stops at once when the caller aborts, and leaves no file', async () => {
  const controller = new AbortController();
  const reason = new Error('shutting down');
  server.misbehave(({ path, range }: Asked) => {
    if (path !== modelName || range !== secondPart) return undefined;
    setTimeout(() => controller.abort(reason), 20);
    return { stallAfter: 100 };
  });
  await expect(pull({ retryPolicy: { stallMs: 60_000 } }, controller.signal)).rejects.toBe(reason);
  expect((await listFiles(directory)).filter((path) => !path.endsWith('tokenizer.json'))).toEqual([]);
});

it('gives the file its final name only after all of it is verified', async () => {
  const seen: string[][] = [];
  server.misbehave(({ path }) => {
    // At once: a listing that takes its time may miss the moment.
    if (path === modelName) seen.push(readdirSync(directory, { recursive: true, encoding: 'utf8' }));
    return undefined;
  });
  await pull();
  const early = seen.flat().filter((path) => path.endsWith('model.onnx'));
  expect(seen).toHaveLength(4);
  expect(early).toEqual([]);
});

/** The files of a folder that have their final name. */
const listNames = (folder: string) => readdirSync(folder).filter((name) => !name.endsWith('.part'));

it('hands the tokenizer over while the model is still on its way', async () => {
  const slowModel = ({ path }: Asked): Fault | undefined =>
    path === modelName ? { pauseMs: 150, pieces: 2 } : undefined;
  server.misbehave(slowModel);
  const onTokenizer = jest.fn((path: string) => expect(listNames(dirname(path))).toEqual(['tokenizer.json']));
  const { tokenizerPath } = await pullModel(open(), { directory, onTokenizer });
  expect(onTokenizer).toHaveBeenCalledTimes(1);
  expect(onTokenizer).toHaveBeenCalledWith(tokenizerPath, sample.manifest);
});

it('opens no more connections than its limit', async () => {
  server.misbehave(({ range }) => (range ? { pauseMs: 20, pieces: 1 } : undefined));
  await pull({ connections: 2 });
  expect(server.peak()).toBe(2);
});

describe('writing when answers are lost', () => {
  const pointer = pointTo(sample.manifest);
  const dropFirst = ({ method, before }: Asked): Fault | undefined =>
    method === 'PUT' && before === 0 ? { dropAfter: 0 } : undefined;

  it('recognizes its own text when the second try finds it', async () => {
    server.misbehave(dropFirst);
    const etag = await open().writeText('verdict.json', pointer, { ifAbsent: true });
    expect(await open().readText('verdict.json')).toEqual({ text: pointer, etag });
    expect(server.asked.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  });

  it('does not take another publisher’s text for its own', async () => {
    server.misbehave(({ method, before }) => {
      if (method !== 'PUT' || before > 0) return undefined;
      return { status: 500, code: 'InternalError' };
    });
    server.objects.set('bucket/models/verdict.json', Buffer.from('of another'));
    const write = open().writeText('verdict.json', pointer, { ifAbsent: true });
    await expect(write).rejects.toMatchObject({ conflict: true });
  });

  it('treats 409 as a conflict, and names the permission that a write needs', async () => {
    server.misbehave(({ method }) =>
      method === 'PUT' ? { status: 409, code: 'ConditionalRequestConflict' } : undefined,
    );
    const write = open({ retryPolicy: { tries: 2 } }).writeText('x.json', 'x', { ifAbsent: true });
    await expect(write).rejects.toMatchObject({ conflict: true });
    server.misbehave(() => ({ status: 403, code: 'AccessDenied' }));
    await expect(open().writeText('x.json', 'x', { ifAbsent: true })).rejects.toThrow(/It needs s3:PutObject/);
  });
});
