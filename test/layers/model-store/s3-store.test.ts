import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openModelStore, pullModel } from '../../../layers/model-store/index.ts';
import { defaultRetryPolicy } from '../../../layers/model-store/retry.ts';
import { createS3Connection, listS3Keys } from '../../../layers/model-store/s3-store.ts';
import { findEndpoint, makeBucket } from '../../s3/buckets.ts';
import { describeModelStore } from './contract.ts';
import { listFiles, makeFolder, publish, type StoreHarness } from './harness.ts';
import { makeVersion } from './sample-version.ts';

async function openPrefix(prefix: string): Promise<StoreHarness> {
  const { name, endpoint, put, remove } = await makeBucket();
  const store = openModelStore(`s3://${name}${prefix}`, { endpoint, retryPolicy: { firstDelayMs: 1 } });
  const inside = (key: string) => (prefix ? `${prefix.slice(1)}/${key}` : key);
  return { store, put: (key, bytes) => put(inside(key), bytes), remove: (key) => remove(inside(key)) };
}

describeModelStore(() => openPrefix('/models/sentiment'));

describe('through the SDK, where credentials or addresses are not all in the environment', () => {
  beforeAll(() => {
    process.env.AWS_USE_DUALSTACK_ENDPOINT = 'false';
  });
  afterAll(() => {
    delete process.env.AWS_USE_DUALSTACK_ENDPOINT;
  });
  describeModelStore(() => openPrefix('/models/sentiment'));
});

const sample = makeVersion();

async function openPublished(
  prefix = '',
): Promise<StoreHarness & { readonly directory: string; readonly path: string }> {
  const harness = await openPrefix(prefix);
  await publish(harness, sample);
  const directory = await makeFolder();
  return { ...harness, directory, path: join(directory, 'versions', sample.version, 'model.onnx') };
}

it('reads from a bucket without a prefix, under the files’ own keys', async () => {
  const { store, directory, path } = await openPublished();
  const pulled = await pullModel(store, { directory });
  expect(pulled).toMatchObject({ modelPath: path, receivedBytes: 4710 });
  expect((await listFiles(directory)).sort()).toEqual([pulled.modelPath, pulled.tokenizerPath]);
});

it('uses a sound file that is in the folder already', async () => {
  const { store, directory } = await openPublished();
  await pullModel(store, { directory });
  expect(await pullModel(store, { directory })).toMatchObject({ receivedBytes: 0 });
});

it('replaces a damaged file in the folder', async () => {
  const { store, directory, path } = await openPublished();
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(sample.model.length));
  await pullModel(store, { directory });
  expect(await readFile(path)).toEqual(sample.model);
});

it('removes the leftovers of a killed download, but not a file that another one is writing', async () => {
  const { store, directory, path } = await openPublished();
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.dead.part`, 'half');
  await utimes(`${path}.dead.part`, new Date(0), new Date(0));
  await writeFile(`${path}.alive.part`, 'half');
  await pullModel(store, { directory });
  const names = (await listFiles(dirname(path))).map((file) => file.slice(dirname(path).length + 1));
  expect(names.sort()).toEqual(['model.onnx', 'model.onnx.alive.part', 'tokenizer.json']);
});

it('serves two pulls at the same moment into the same folder', async () => {
  const { store, directory, path } = await openPublished('/p');
  await Promise.all([pullModel(store, { directory }), pullModel(store, { directory })]);
  expect(await readFile(path)).toEqual(sample.model);
  expect(await listFiles(directory)).toHaveLength(2);
});

it('names the folder that it cannot write to', async () => {
  const { store, directory } = await openPublished();
  await writeFile(join(directory, 'file'), '');
  const pull = pullModel(store, { directory: join(directory, 'file') });
  await expect(pull).rejects.toMatchObject({
    name: 'ModelStoreError',
    message: expect.stringMatching(/file\/versions\/.* cannot be (written|used): ENOTDIR/),
  });
});

it('lists more keys than S3 gives in one answer', async () => {
  const { name, endpoint, put } = await makeBucket();
  const keys = ['a', 'b', 'c', 'd', 'e'].map((letter) => `versions/${letter}/manifest.json`);
  for (const key of keys) await put(`prefix/${key}`, '{}');
  const connection = createS3Connection({ bucket: name, prefix: 'prefix' }, { endpoint }, defaultRetryPolicy);
  expect(await listS3Keys(connection, 'versions', 2)).toEqual(keys);
});

it('names a bucket that does not exist', async () => {
  const store = openModelStore('s3://no-such-bucket/models', { endpoint: findEndpoint() });
  const message =
    /^s3:\/\/no-such-bucket\/models\/current\.json cannot be had: the bucket no-such-bucket does not exist/;
  const pull = pullModel(store, { directory: await makeFolder() });
  await expect(pull).rejects.toMatchObject({ message: expect.stringMatching(message), missing: false });
  await expect(store.listKeys('versions')).rejects.toThrow(/the bucket no-such-bucket does not exist/);
  await expect(store.writeText('current.json', 'x', { ifMatch: '"x"' })).rejects.toMatchObject({ conflict: false });
});

it('takes the server’s address from the environment', async () => {
  const { name, put } = await makeBucket();
  await put('current.json', 'hello');
  process.env.AWS_ENDPOINT_URL = findEndpoint();
  const store = openModelStore(`s3://${name}`);
  delete process.env.AWS_ENDPOINT_URL;
  expect((await store.readText('current.json')).text).toBe('hello');
});

it('names a server that cannot be reached', async () => {
  const retryPolicy = { firstDelayMs: 1, tries: 2 };
  const store = openModelStore('s3://bucket', { endpoint: 'http://127.0.0.1:9', retryPolicy });
  const message =
    /^s3:\/\/bucket\/current\.json cannot be reached at http:\/\/127\.0\.0\.1:9 \(AWS_ENDPOINT_URL\): .*ECONNREFUSED/;
  await expect(store.readText('current.json')).rejects.toThrow(message);
});

describe('without credentials or region', () => {
  const environment = { ...process.env };
  afterEach(() => {
    Object.assign(process.env, environment);
  });

  it('reports missing credentials, and tries again when they exist', async () => {
    const { store, put } = await openPrefix('');
    await put('current.json', 'hello');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete process.env[name];
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true', AWS_SHARED_CREDENTIALS_FILE: '/no/such/file' });
    await expect(store.readText('current.json')).rejects.toThrow(
      /current\.json cannot be reached.*: no AWS credentials/,
    );
    Object.assign(process.env, environment);
    expect((await store.readText('current.json')).text).toBe('hello');
  });

  it('reports a missing region', async () => {
    delete process.env.AWS_REGION;
    process.env.AWS_CONFIG_FILE = '/no/such/file';
    const store = openModelStore('s3://bucket');
    await expect(store.readText('current.json')).rejects.toThrow(/cannot be reached: no AWS region is known/);
  });
});
