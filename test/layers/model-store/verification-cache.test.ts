import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVerificationCache, type FindFault } from '../../../layers/model-store/verification-cache.ts';
import { makeBytes, sha256 } from './sample-version.ts';

// Below the checkout: the folder for temporary files may be in memory, and files there are not remembered.
const cache = join(import.meta.dirname, '..', '..', '..', '.cache');
let root: string;

beforeEach(async () => {
  await mkdir(cache, { recursive: true });
  root = await mkdtemp(join(cache, 'verification-'));
});

afterEach(() => rm(root, { recursive: true }));

const bytes = makeBytes(5000, 'model');
const expected = {
  entry: { path: 'model.onnx', bytes: 5000, sha256: sha256(bytes), parts: [sha256(bytes)] },
  partBytes: 5000,
};
const wrong = makeBytes(5000, 'another model');

interface Harness {
  readonly path: string;
  readonly folder: string;
  readonly content: string;
  readonly verify: FindFault;
}

/** A file, and a cache that remembers files from their first moment. */
async function makeHarness(settledMs = -1000): Promise<Harness> {
  const [path, folder] = [join(root, 'model.onnx'), join(root, 'cache', 'serverless-bert')];
  await writeFile(path, bytes);
  return {
    path,
    folder,
    content: join(folder, 'verified-files.json'),
    verify: createVerificationCache(folder, settledMs),
  };
}

/** A file with wrong bytes, which the cache holds for sound. It shows whether a file is hashed. */
async function makeDeceived(): Promise<Harness> {
  const harness = await makeHarness();
  const { path, content, verify } = harness;
  await writeFile(path, wrong);
  await verify(path, { ...expected, entry: { ...expected.entry, sha256: sha256(wrong) } });
  const text = await readFile(content, 'utf8');
  await writeFile(content, text.replace(sha256(wrong), expected.entry.sha256));
  expect(await verify(path, expected)).toBeUndefined();
  return harness;
}

it('hashes a file once, also for the next process', async () => {
  const { path, folder } = await makeDeceived();
  expect(await createVerificationCache(folder)(path, expected)).toBeUndefined();
});

it('remembers no file with a fault', async () => {
  const { path, content, verify } = await makeHarness();
  await writeFile(path, wrong);
  expect(await verify(path, expected)).toMatch('has the wrong SHA-256');
  await expect(stat(content)).rejects.toThrow('ENOENT');
});

it.each<[string, (path: string) => Promise<void>]>([
  [
    'other bytes of the same length, with the old time',
    async (path) => {
      const { atime, mtime } = await stat(path);
      await sleep(20); // the kernel's clock for files has steps
      await writeFile(path, wrong);
      await utimes(path, atime, mtime);
    },
  ],
  [
    'another file in its place, with the old time',
    async (path) => {
      const { atime, mtime } = await stat(path);
      await writeFile(`${path}.new`, wrong);
      await utimes(`${path}.new`, atime, mtime);
      await rename(`${path}.new`, path);
    },
  ],
  [
    'a copy with the same bytes and time',
    async (path) => {
      const { atime, mtime } = await stat(path);
      await copyFile(path, `${path}.new`);
      await utimes(`${path}.new`, atime, mtime);
      await rename(`${path}.new`, path);
    },
  ],
  ['a file that is cut off', async (path) => writeFile(path, wrong.subarray(1))],
])('notices %s', async (_, change) => {
  const { path, verify } = await makeDeceived();
  await change(path);
  expect(await verify(path, expected)).toMatch(/has the wrong SHA-256|has 4999 bytes/);
});

it('hashes a file for another manifest', async () => {
  const { path, verify } = await makeHarness();
  expect(await verify(path, expected)).toBeUndefined();
  const entry = { ...expected.entry, sha256: sha256(wrong) };
  expect(await verify(path, { ...expected, entry })).toMatch('has the wrong SHA-256');
});

it('does not remember a file that was changed a moment ago', async () => {
  const { path, content, verify } = await makeHarness(2000);
  expect(await verify(path, expected)).toBeUndefined();
  await expect(stat(content)).rejects.toThrow('ENOENT');
});

it('keeps the cache for its user alone', async () => {
  const { path, folder, content, verify } = await makeHarness();
  await verify(path, expected);
  expect((await stat(content)).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

it.each<[string, (harness: Harness) => Promise<unknown>]>([
  ['readable by others', ({ content }) => chmod(content, 0o644)],
  ['cut off', async ({ content }) => writeFile(content, (await readFile(content)).subarray(1))],
  ['of another form', ({ content }) => writeFile(content, '{"schema":1,"boot":"","files":[null]}')],
  [
    'of another start of the machine',
    async ({ content }) =>
      writeFile(content, (await readFile(content, 'utf8')).replace(/"boot":"[^"]+"/, '"boot":"earlier"')),
  ],
  [
    'a day old',
    async ({ content }) =>
      writeFile(
        content,
        (await readFile(content, 'utf8')).replace(/"verifiedAt":\d+/g, `"verifiedAt":${Date.now() - 90_000_000}`),
      ),
  ],
  [
    'of tomorrow',
    async ({ content }) =>
      writeFile(
        content,
        (await readFile(content, 'utf8')).replace(/"verifiedAt":\d+/g, `"verifiedAt":${Date.now() + 90_000_000}`),
      ),
  ],
  [
    'a link',
    async ({ content }) => {
      await rename(content, `${content}.real`);
      await symlink(`${content}.real`, content);
    },
  ],
  [
    'longer than any that is written',
    async ({ content }) => writeFile(content, `${await readFile(content)}${' '.repeat(1 << 17)}`),
  ],
  ['away', ({ content }) => rm(content)],
])('ignores a cache that is %s', async (_, change) => {
  const harness = await makeDeceived();
  await change(harness);
  expect(await harness.verify(harness.path, expected)).toMatch('has the wrong SHA-256');
});

it('verifies without a cache where none can be written', async () => {
  const { path } = await makeHarness();
  const verify = createVerificationCache('/proc/none/cache', -1000);
  expect(await verify(path, expected)).toBeUndefined();
  await writeFile(path, wrong);
  expect(await verify(path, expected)).toMatch('has the wrong SHA-256');
});

it('remembers files that are verified at once', async () => {
  const { path, content, verify } = await makeHarness();
  const paths = ['one', 'two', 'three'].map((name) => join(root, name));
  await Promise.all(paths.map((other) => copyFile(path, other)));
  await Promise.all(paths.map((other) => verify(other, expected)));
  expect(JSON.parse(await readFile(content, 'utf8')).files).toHaveLength(3);
});
