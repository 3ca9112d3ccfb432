import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openModelStore, pullModel } from '../../../layers/model-store/index.ts';
import { describeModelStore } from './contract.ts';
import { listFiles, makeFolder, publish, type StoreHarness } from './harness.ts';
import { makeVersion } from './sample-version.ts';

interface FolderHarness extends StoreHarness {
  readonly root: string;
}

async function openFolder(): Promise<FolderHarness> {
  const root = await makeFolder();
  const put = async (key: string, bytes: Buffer | string) => {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), bytes);
  };
  return { store: openModelStore(pathToFileURL(root).href), put, remove: (key) => rm(join(root, key)), root };
}

describeModelStore(openFolder);

const sample = makeVersion();
const modelKey = `versions/${sample.version}/model.onnx`;

async function openPublished(): Promise<FolderHarness> {
  const harness = await openFolder();
  await publish(harness, sample);
  return harness;
}

it('uses the files where they are', async () => {
  const { store, root } = await openPublished();
  const directory = await makeFolder();
  const pulled = await pullModel(store, { directory });
  expect(pulled).toMatchObject({ modelPath: join(root, modelKey), receivedBytes: 0 });
  expect(await listFiles(directory)).toEqual([]);
});

it('opens a folder that is given relative to the working folder', async () => {
  const { root } = await openPublished();
  const store = openModelStore(`file:${relative(process.cwd(), root)}`);
  expect(store.location).toBe(root);
  await expect(pullModel(store, { directory: root })).resolves.toMatchObject({ manifest: sample.manifest });
});

it('follows links inside the folder, and the folder itself may be one', async () => {
  const { root } = await openPublished();
  await rename(join(root, modelKey), join(root, 'blob'));
  await symlink(join(root, 'blob'), join(root, modelKey));
  const link = join(await makeFolder(), 'link');
  await symlink(root, link);
  const pulled = await pullModel(openModelStore(`file://${link}`), { directory: root });
  expect(pulled.modelPath).toBe(join(root, 'blob'));
});

it('refuses links that lead out of the folder', async () => {
  const { store, root } = await openPublished();
  const outside = join(await makeFolder(), 'model.onnx');
  await writeFile(outside, sample.model);
  await rm(join(root, modelKey));
  await symlink(outside, join(root, modelKey));
  const message = `${join(root, modelKey)} is a link that leads out of the model store, to ${outside}`;
  await expect(pullModel(store, { directory: root })).rejects.toThrow(message);
  await symlink(dirname(outside), join(root, 'versions', 'out'));
  await expect(store.writeText('versions/out/x.json', 'x', { ifAbsent: true })).rejects.toThrow(/leads out of/);
  expect(await readdir(dirname(outside))).toEqual(['model.onnx']);
});

it('refuses a named pipe at once', async () => {
  const { store, root } = await openPublished();
  await rm(join(root, modelKey));
  execFileSync('mkfifo', [join(root, modelKey)]);
  await expect(pullModel(store, { directory: root })).rejects.toThrow(`${join(root, modelKey)} is not a file`);
});

it('names a folder that does not exist', async () => {
  const store = openModelStore('file:///no/such/folder');
  const message = 'The model store /no/such/folder is not a folder. A container sees only what is mounted.';
  await expect(pullModel(store, { directory: await makeFolder() })).rejects.toMatchObject({ message, missing: false });
  await expect(store.listKeys('versions')).rejects.toThrow(message);
});

const isFulfilled = ({ status }: PromiseSettledResult<unknown>) => status === 'fulfilled';

it('lets exactly one of many writers at the same moment create a text, and one replace it', async () => {
  const { store, root } = await openFolder();
  const writers = Array.from({ length: 12 }, (_, i) => `text of writer ${i}`);
  const created = await Promise.allSettled(
    writers.map((text) => store.writeText('current.json', text, { ifAbsent: true })),
  );
  expect(created.filter(isFulfilled)).toHaveLength(1);
  const { text, etag } = await store.readText('current.json');
  expect(text).toBe(writers[created.findIndex(isFulfilled)]);
  const replaced = await Promise.allSettled(
    writers.map((other) => store.writeText('current.json', `${other}, later`, { ifMatch: etag })),
  );
  expect(replaced.filter(isFulfilled)).toHaveLength(1);
  expect((await store.readText('current.json')).text).toBe(`${writers[replaced.findIndex(isFulfilled)]}, later`);
  expect(await readdir(root)).toEqual(['current.json']);
});

it('takes over the lock of a publisher that was killed', async () => {
  const { store, root } = await openPublished();
  const { etag } = await store.readText('current.json');
  await writeFile(join(root, '.current.json.lock'), 'left over');
  const writes = await Promise.allSettled(
    ['one', 'two', 'three'].map((text) => store.writeText('current.json', text, { ifMatch: etag })),
  );
  expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const winner = writes.findIndex(({ status }) => status === 'fulfilled');
  expect((await store.readText('current.json')).text).toBe(['one', 'two', 'three'][winner]);
  expect((await readdir(root)).sort()).toEqual(['current.json', 'versions']);
});
