import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createModelCommand } from '../../local/model.ts';
import { createPointer } from '../functions/predict/tiny-store.ts';
import {
  type Candidate,
  createCandidate,
  makeRoot,
  publishCandidate,
  versions,
} from '../functions/promote/tiny-candidates.ts';
import { makeBucket } from '../s3/buckets.ts';
import { buildCommands } from './built-commands.ts';

const [first, second, third] = versions;
const built = buildCommands();

/** Runs the built command. `LATENCY_RATIO` is large, because the tiny model runs for microseconds only. */
async function run(store: string, ...args: string[]) {
  const env = { ...process.env, MODEL_URI: store, LATENCY_RATIO: '1000', NODE_NO_WARNINGS: '1' };
  const directory = { MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'model-')) };
  const child = spawn(process.execPath, [built.path('local/model.mjs'), ...args], { env: { ...env, ...directory } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (output.stdout += data));
  child.stderr.on('data', (data) => (output.stderr += data));
  const [code] = await once(child, 'close');
  return { code, ...output };
}

const candidates: readonly Candidate[] = [
  { version: first, accuracy: 0.9 },
  { version: second, accuracy: 0.91 },
  { version: third, accuracy: 0.8 },
];

async function makeFolderStore() {
  const root = await makeRoot();
  for (const candidate of candidates) await publishCandidate(root, candidate, { current: candidate.version === first });
  return { root, uri: pathToFileURL(root).href };
}

async function makeS3Store() {
  const bucket = await makeBucket();
  for (const candidate of candidates) {
    const files = await createCandidate(candidate);
    for (const [key, content] of Object.entries(files)) await bucket.put(`models/${key}`, content);
    if (candidate.version === first) await bucket.put('models/current.json', createPointer(files, first));
  }
  process.env.AWS_ENDPOINT_URL = bucket.endpoint;
  return { uri: `s3://${bucket.name}/models` };
}

it.each([
  ['a folder', makeFolderStore],
  ['S3', makeS3Store],
])('verifies, promotes and rolls back a version in %s', async (_, makeStore) => {
  const { uri } = await makeStore();
  expect(await run(uri, 'promote', 'bbbbbbb')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('has not been judged'),
  });
  const verified = await run(uri, 'verify', 'bbbbbbb', '--write');
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  expect(verified.stdout).toContain(`${second}: accepted, against ${first}.`);
  expect(await run(uri, 'verify', 'ccccccc', '--write')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^failed +accuracy +0\.8 against 0\.9, at least 0\.898 wanted$/m),
  });
  expect(await run(uri, 'promote', 'bbbbbbb')).toMatchObject({
    code: 0,
    stdout: `${second} is current instead of ${first}.\n`,
  });
  expect(await run(uri, 'rollback')).toMatchObject({ code: 0 });
  const { stdout } = await run(uri, 'list');
  const cells = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(cells.slice(0, 4)).toEqual([
    ['VERSION', 'CREATED', 'CLASSES', 'ACCURACY', 'SIZE', 'VERDICT'],
    [first, '2026-01-01 00:00', '2', '0.9000', '0.0 MB', 'none', 'current'],
    [second, '2026-01-01 00:00', '2', '0.9100', '0.0 MB', 'accepted', 'withdrawn'],
    [third, '2026-01-01 00:00', '2', '0.8000', '0.0 MB', 'refused'],
  ]);
  expect(stdout).toContain(`: rolled back from ${second}. \`hold --lift\` ends it.`);
});

it('shows a version, and the differences of two', async () => {
  const { root, uri } = await makeFolderStore();
  const shown = (await run(uri, 'show', 'current')).stdout;
  for (const line of [/^state +current$/m, /^metrics\.accuracy +0\.9$/m, /^files\.model\.onnx\.bytes +\d+$/m])
    expect(shown).toMatch(line);
  const { stdout } = await run(uri, 'diff', 'aaaaaaa', 'bbbbbbb');
  expect(stdout).toMatch(/^ {2}accuracy +0\.9000 +0\.9100 +\+0\.0100$/m);
  expect(stdout).toMatch(/^ {2}files\.model\.onnx\.sha256 /m);
  expect(stdout).not.toContain('polar');
  expect(stdout).not.toContain('files.tokenizer.json');
  await writeFile(join(root, 'versions', second, 'manifest.json'), '{"schema": 2}');
  expect((await run(uri, 'list')).stdout).toMatch(/bbbbbbb .*unreadable: show .+ says why/);
  expect(await run(uri, 'show', 'bbbbbbb')).toMatchObject({ code: 1, stderr: expect.stringContaining('has schema 2') });
});

it.each([
  [['show', 'nothing'], 2, /^There is no version "nothing" in .+\. The latest is .+ccccccc; list shows all\.\n$/],
  [['show', '2026'], 2, /^"2026" may be any of .+\.\n$/],
  [['nonsense'], 2, /^Unknown command 'nonsense'\. --help lists what there is\.\n$/],
  [['list', '--store', 'nowhere'], 1, /^The model store "nowhere" is of no known kind\..+\n$/],
  [['list', '--store', 'file:/no/such/folder'], 1, /^The model store \/no\/such\/folder is not a folder\..+\n$/],
])('says what is wrong with %j in one line', async (args, code, sentence) => {
  const { uri } = await makeFolderStore();
  expect(await run(uri, ...args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(sentence) });
});

/** Runs the command in this process. Returns the result of its subcommand. */
async function runHere(...args: string[]) {
  const results: unknown[] = [];
  await createModelCommand((result) => results.push(result)).parseAsync(args, { from: 'user' });
  return results;
}

it('reads the store before or after the subcommand, and the flags of the subcommand', async () => {
  const { uri } = await makeFolderStore();
  const sentence = `Would make ${second} current instead of ${first}.\n`;
  expect(await runHere('promote', 'bbbbbbb', '--store', uri, '--force', '--dry-run')).toEqual([sentence]);
  expect(await runHere(`--store=${uri}`, 'promote', '--dry-run', '--force', 'bbbbbbb')).toEqual([sentence]);
});

it.each([
  [[], 'Which command? list, show, diff, verify, promote, rollback, hold. --help lists what there is.'],
  [['delete', 'x'], "Unknown command 'delete'."],
  [['promot', 'x'], "Unknown command 'promot'. Did you mean promote?"],
  [['show'], "Missing required argument 'version'."],
  [['diff', 'a'], "Missing required argument 'other'."],
  [['list', 'a'], "Too many arguments for 'list'. Expected 0 arguments but got 1."],
  [['list', '--force'], "Unknown option '--force'."],
  [['verify', 'a', '--dry-run'], "Unknown option '--dry-run'."],
  [['--dry-run', 'promote', 'a'], "Unknown option '--dry-run'."],
  ...['0', '100', '101', '1.5', 'half'].map((share): [string[], string] => [
    ['promote', 'a', '--share', share],
    `--share takes a whole number from 1 to 99, not "${share}".`,
  ]),
  [['list', '--nonsense'], "Unknown option '--nonsense'."],
])('refuses %j in one sentence', async (args, sentence) => {
  await expect(runHere(...args)).rejects.toThrow(sentence);
});
