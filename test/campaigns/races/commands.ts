// The commands that are killed, and what must hold after that and after the same command has run again.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { listVersions, openModelStore, pullModel, readPointer } from '../../../layers/model-store/index.ts';
import { makeBulkBucket, prefix } from '../../functions/bulk/bulk-bucket.ts';
import { firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { createCandidate } from '../../functions/promote/tiny-candidates.ts';
import { type Program, runKilled } from './killed-process.ts';
import { readCurrent } from './readers.ts';

/** A command that may be killed at any time. */
export interface KilledCommand {
  readonly name: string;
  readonly program: Program;
  /** Makes everything as it was before the command ran. */
  reset(): Promise<void>;
  /** Throws if something half done is visible. */
  checkWhole(): Promise<void>;
  /** Throws if the command has not done what it is for. */
  checkDone(): Promise<void>;
}

/** Where the commands run. */
export interface Surroundings {
  readonly folder: string;
  readonly dist: string;
}

const races = resolve('test', 'campaigns', 'races');
const python = (script: string, order: object): Program => ({
  command: resolve('.venv', 'bin', 'python'),
  words: [join(races, script), JSON.stringify(order)],
  env: { PYTHONPATH: resolve('training') },
  saysBegun: true,
});

const expectEqual = (what: string, actual: unknown, expected: unknown) => {
  if (actual !== expected) throw new Error(`${what} is ${actual} and not ${expected}`);
};

/** Every version that has a manifest must be whole, and so must the current one. */
async function checkStore(uri: string, folder: string): Promise<void> {
  const store = openModelStore(uri);
  await readCurrent(store, folder);
  for (const version of await listVersions(store))
    await pullModel(store, { version, directory: join(folder, 'versions') });
}

/** Writes the files that a publisher copies. */
async function writeSource(folder: string): Promise<string> {
  const source = join(folder, 'source');
  await mkdir(source, { recursive: true });
  for (const [key, bytes] of Object.entries(await createCandidate({ version: firstVersion }))) {
    const name = basename(key);
    await writeFile(join(source, name === 'manifest.json' ? 'template.json' : name), bytes);
  }
  return source;
}

/** Publication by training: the files, the manifest, then the pointer. */
async function publish(uri: string, kind: string, { folder }: Surroundings): Promise<KilledCommand> {
  const store = openModelStore(uri);
  let before = '';
  return {
    name: `publish, ${kind}`,
    program: python('publisher.py', { uri, source: await writeSource(folder), numbers: [1], promote: true }),
    reset: async () => {
      before = (await readPointer(store)).pointer.version;
    },
    checkWhole: () => checkStore(uri, folder),
    checkDone: async () => {
      await checkStore(uri, folder);
      if ((await readPointer(store)).pointer.version === before) throw new Error('no new version is current');
    },
  };
}

/** `npm run model -- promote`, to and fro between two versions. */
function promote(uri: string, kind: string, { folder, dist }: Surroundings): KilledCommand {
  const store = openModelStore(uri);
  const words = [join(dist, 'local', 'model.mjs'), 'promote', secondVersion, '--force'];
  const program = { command: process.execPath, words, env: { MODEL_URI: uri }, saysBegun: false };
  const back = { ...program, words: words.map((word) => (word === secondVersion ? firstVersion : word)) };
  return {
    name: `promote, ${kind}`,
    program,
    reset: async () => void (await runKilled(back)),
    checkWhole: () => checkStore(uri, folder),
    checkDone: async () => {
      await checkStore(uri, folder);
      expectEqual('the current version', (await readPointer(store)).pointer.version, secondVersion);
    },
  };
}

/** Rows of the file that is scored: several batches. */
const rows = 1500;
const texts = ['good', 'a bad book', 'the best book ever', 'bad bad good', 'this is the book'];
const makeCsv = (count: number) =>
  ['review', ...Array.from({ length: count }, (_, row) => `${texts[row % texts.length]} ${row}`)].join('\n');

/** `npm run score`: a file with an output file that existed before. */
async function score(uri: string, { folder, dist }: Surroundings): Promise<KilledCommand> {
  const [input, out] = [join(folder, 'reviews.csv'), join(folder, 'scored.csv')];
  await writeFile(input, makeCsv(rows));
  const words = [join(dist, 'local', 'score.mjs'), input, '--out', out, '--workers', '1'];
  // Pinned, since the commands on pointers use the same store.
  const env = { MODEL_URI: uri, MODEL_VERSION: firstVersion };
  const program = { command: process.execPath, words, env, saysBegun: false };
  await runKilled(program);
  const whole = await readFile(out, 'utf8');
  expectEqual('the number of rows', whole.trim().split('\n').length, 1 + rows);
  const checkDone = async () => expectEqual('the output', await readFile(out, 'utf8'), whole);
  const earlier = 'an earlier output\n';
  const checkWhole = async () => {
    const found = await readFile(out, 'utf8');
    if (found !== earlier) expectEqual('the output', found, whole);
  };
  return { name: 'score', program, reset: () => writeFile(out, earlier), checkWhole, checkDone };
}

/** The last step of a bulk run, over a bucket. */
async function joinBulk(endpoint: string, { dist }: Surroundings): Promise<KilledCommand> {
  const bulk = await makeBulkBucket(endpoint);
  const env = { MODEL_URI: `s3://${bulk.bucket}/${prefix}`, POWERTOOLS_METRICS_NAMESPACE: 'test' };
  const step = (name: string, event: object): Program => ({
    command: process.execPath,
    words: [join(races, 'bulk-step.mjs'), join(dist, 'functions', 'bulk', 'index.mjs'), name, JSON.stringify(event)],
    env,
    saysBegun: true,
  });
  const file = await bulk.put('reviews.csv', makeCsv(rows));
  const run = 'killed';
  await runKilled(step('split', { ...file, execution: `arn:aws:states:us-east-1:123456789012:execution:bulk:${run}` }));
  for (let batch = 0; batch < rows / 500; batch += 1) await runKilled(step('score', { run, batch }));
  const program = step('join', { run });
  const done = await runKilled(program);
  if (done.status !== 0) throw new Error(`the bulk run cannot be joined: ${done.output}`);
  const output = `${prefix}/bulk/out/reviews.csv.gz`;
  const summary = `${prefix}/bulk/out/reviews.summary.json`;
  const read = async (key: string) => (await bulk.objects.get(key))?.content;
  const whole = gunzipSync((await read(output)) ?? Buffer.of()).toString();
  expectEqual('the number of rows', whole.trim().split('\n').length, 1 + rows);
  const checkWhole = async () => {
    const found = await read(output);
    if (found) expectEqual('the result', gunzipSync(found).toString(), whole);
    const told = await read(summary);
    if (told) expectEqual('the summary', JSON.parse(String(told)).rows, rows);
    if (told && !found) throw new Error('there is a summary without a result');
  };
  const checkDone = async () => {
    if (!(await read(output)) || !(await read(summary))) throw new Error('the result or its summary is not there');
    await checkWhole();
  };
  const remove = (Key: string) => bulk.client.send(new DeleteObjectCommand({ Bucket: bulk.bucket, Key }));
  const reset = async () => void (await Promise.all([output, summary].map(remove)));
  return { name: 'join, S3', program, reset, checkWhole, checkDone };
}

const steps = 12;

/** Checkpoints of a training run, one after the other. The program itself refuses a checkpoint that is not whole. */
function checkpoint(uri: string, kind: string, readLatest: (key: string) => Promise<string>): KilledCommand {
  let run = 0;
  return {
    name: `checkpoint, ${kind}`,
    get program() {
      return python('checkpointer.py', { uri: `${uri}/run-${run}`, steps });
    },
    reset: async () => {
      run += 1;
    },
    checkWhole: async () => undefined,
    checkDone: async () => {
      const { checkpoint } = JSON.parse(await readLatest(`run-${run}/killed/latest.json`));
      expectEqual('the last step', checkpoint.progress.step, steps);
    },
  };
}

/** All commands, over a folder and over S3. Both stores hold two versions, the first of them current. */
export async function createCommands(
  { uris, endpoint }: { readonly uris: { readonly folder: string; readonly S3: string }; readonly endpoint: string },
  surroundings: Surroundings,
): Promise<readonly KilledCommand[]> {
  const kept = join(surroundings.folder, 'checkpoints');
  const readKept = (key: string) => readFile(join(kept, key), 'utf8');
  const onS3 = `${uris.S3}/checkpoints`;
  const readOnS3 = async (key: string) => (await openModelStore(onS3).readText(key)).text;
  return [
    await publish(uris.folder, 'folder', surroundings),
    promote(uris.folder, 'folder', surroundings),
    await score(uris.folder, surroundings),
    checkpoint(kept, 'folder', readKept),
    await publish(uris.S3, 'S3', surroundings),
    promote(uris.S3, 'S3', surroundings),
    await joinBulk(endpoint, surroundings),
    checkpoint(onS3, 'S3', readOnS3),
  ];
}
