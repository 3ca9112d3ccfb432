import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { expectPositive, threeClasses, writeTinyStore } from '../functions/predict/tiny-store.ts';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();
afterAll(() => built.remove());
const folder = mkdtempSync(join(tmpdir(), 'score-'));
let store: string;
beforeAll(async () => {
  store = await writeTinyStore();
});

/** Writes an input file for one test. */
function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const command = () => [built.path('local/score.mjs')];
const environment = (more = {}) => ({ ...process.env, MODEL_URI: `file:${store}`, ...more });

/** Runs the built command and returns its output as bytes. */
function score(...args: string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(process.execPath, [...command(), '--workers', '2', ...args], { env: environment() });
}

const readRows = (csv: Buffer): string[][] => parse(csv);
const readStderr = ({ stderr }: SpawnSyncReturns<Buffer>) => stderr.toString();

const awkward = [
  ['text', 'id'],
  ['a good, "quoted" book', '1'],
  ['bad\nbook\r\nbad', '2'],
  ['good\u0085book\u2028 "', '3'],
  [' leading and 😀 \u0000 good ', '4'],
];
const quote = (rows: readonly string[][]) =>
  rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join('\r\n');

it('appends the label and each probability, and leaves commas, quotes, line ends and U+0085 as they were', () => {
  const run = score(write('awkward.csv', `\ufeff${quote(awkward)}`));
  expect(run.status).toBe(0);
  const rows = readRows(run.stdout);
  expect(rows.map((row) => row.slice(0, 2))).toEqual(awkward);
  expect(rows.map(([, , label]) => label)).toEqual(['label', 'positive', 'negative', 'positive', 'positive']);
  const [, first] = rows;
  expect(rows[0]).toEqual(['text', 'id', 'label', 'negative', 'positive']);
  expect(Number(first?.[4])).toBeCloseTo(expectPositive({ good: 1, tokens: 9 }), 6);
  expect(Number(first?.[3]) + Number(first?.[4])).toBeCloseTo(1, 6);
}, 60_000);

it('keeps the order of the rows, whichever worker finishes first', () => {
  const texts = Array.from({ length: 300 }, (_, row) => (row % 7 === 0 ? 'good '.repeat(3000) : `book ${row}`));
  const run = score(write('order.csv', ['id,review', ...texts.map((text, row) => `${row},${text}`)].join('\n')));
  expect(
    readRows(run.stdout)
      .slice(1)
      .map(([id]) => Number(id)),
  ).toEqual(texts.map((_, row) => row));
}, 60_000);

it('compares with the column sentiment: accuracy, F1, ECE and confusion matrix', () => {
  const rows = ['good,positive', 'bad,0', 'good,negative', 'best,1', 'book,neutral', 'good,mixed', 'good,neutral'];
  const run = score(write('labelled.csv', ['review,sentiment', ...rows].join('\n')));
  expect(run.status).toBe(0);
  expect(readStderr(run)).toContain('Accuracy 75.00 %, F1 80.00 %, ECE');
  expect(readStderr(run)).toMatch(/is negative +1 +1\n +is positive +0 +2\n/);
  expect(readStderr(run)).toContain('"neutral" (2 rows), "mixed" (1 rows)');
}, 60_000);

describe('with a model of three classes', () => {
  let three: string;
  beforeAll(async () => {
    three = await writeTinyStore(undefined, threeClasses);
  });
  const scoreByThree = (...args: string[]) =>
    spawnSync(process.execPath, [...command(), ...args], { env: environment({ MODEL_URI: `file:${three}` }) });
  const tweets = ['good,positive', 'the,neutral', 'bad,negative', 'the the good,positive'];
  const file = () => write('tweets.csv', ['tweet,sentiment', ...tweets].join('\n'));

  it('writes a column per class, and reports macro-F1, macro recall and a matrix of three classes', () => {
    const run = scoreByThree(file(), '--column', 'tweet');
    const [header, ...rows] = readRows(run.stdout);
    expect(header).toEqual(['tweet', 'sentiment', 'label', 'negative', 'neutral', 'positive']);
    expect(rows.map(([, , label]) => label)).toEqual(['positive', 'neutral', 'negative', 'neutral']);
    for (const [, , , ...scores] of rows)
      expect(scores.reduce((sum, score) => sum + Number(score), 0)).toBeCloseTo(1, 6);
    expect(readStderr(run)).toContain('Accuracy 75.00 %, macro-F1 77.78 %, macro recall 83.33 %, ECE');
    expect(readStderr(run)).toMatch(/is positive +0 +1 +1 {2}recall 50\.00 %\n/);
  }, 60_000);

  it('leaves neutral out of rows and answers with --polar', () => {
    const run = scoreByThree(file(), '--column', 'tweet', '--polar');
    const [header, ...rows] = readRows(run.stdout);
    expect(header).toEqual(['tweet', 'sentiment', 'label', 'negative', 'positive']);
    expect(rows.map(([, , label]) => label)).toEqual(['positive', 'positive', 'negative', 'positive']);
    // Five tokens, 9 for the one word of positive.
    expect(Number(rows[3]?.[4])).toBeCloseTo(1 / (1 + Math.exp(-9 / 5)), 6);
    expect(readStderr(run)).toContain('Accuracy 100.00 %, F1 100.00 %, ECE');
    expect(readStderr(run)).toContain('"neutral" (1 rows)');
  }, 60_000);
});

it('names each bad row, keeps it in order and continues', () => {
  const long = 'x'.repeat(100_001);
  const lines = [
    'review,id',
    'good,1',
    'good',
    'good,3,4',
    ' ,4',
    `${long},5`,
    Buffer.from('caf\xe9,6', 'latin1'),
    'good,7',
  ];
  const input = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]));
  const run = score(write('bad.csv', input));
  expect(run.status).toBe(0);
  for (const fault of [
    'Row 2: it has 1 column(s) where the header has 2.',
    'Row 3: it has 3 column(s) where the header has 2.',
    'Row 4: the text is empty.',
    'Row 5: the text is longer than 100,000 characters.',
    'Row 6: the text is not in UTF-8.',
    '5 rows have no score',
  ])
    expect(readStderr(run)).toContain(fault);
  const rows = readRows(Buffer.from(run.stdout.toString('latin1'), 'utf8'));
  expect(rows.map(([, id, label]) => `${id} ${label}`).slice(1)).toEqual([
    '1 positive',
    ' ',
    '3 ',
    '4 ',
    '5 ',
    '6 ',
    '7 positive',
  ]);
  // Bytes that are not UTF-8 are written as they were read.
  expect(run.stdout.includes(Buffer.from('caf\xe9,6,,,\n', 'latin1'))).toBe(true);
}, 60_000);

it('reads and writes .gz, and takes the column that is named', () => {
  const input = write('packed.csv.gz', gzipSync('opinion,text\ngood,bad\n'));
  const out = join(folder, 'packed.scored.csv.gz');
  expect(score(input, '--column', 'opinion', '--out', out).status).toBe(0);
  expect(readRows(gunzipSync(readFileSync(out)))[1]?.slice(0, 3)).toEqual(['good', 'bad', 'positive']);
}, 60_000);

it('replaces --out only after all rows are written', () => {
  const out = write('kept.csv', 'as it was');
  const cut = gzipSync(`text\n${'good book\n'.repeat(5000)}`).subarray(0, -20);
  const run = score(write('cut.csv.gz', cut), '--out', out);
  expect(run.status).toBe(2);
  expect(readStderr(run)).toMatch(/cut\.csv\.gz cannot be read beyond row \d+ \(unexpected end of file\)\./);
  expect(readFileSync(out, 'utf8')).toBe('as it was');
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
}, 60_000);

it('scores the rows before a quote that is never closed, and reports that the rest is not read', () => {
  const run = score(write('open.csv', 'text\ngood\n"bad\ngood\n'));
  expect(run.status).toBe(1);
  expect(readRows(run.stdout)).toHaveLength(2);
  expect(readStderr(run)).toMatch(/row 2 has a quote that is never closed/);
}, 60_000);

it.each([
  ['a missing file', ['nowhere.csv'], /^nowhere\.csv does not exist\.\n$/],
  ['no file', [], /^Missing required argument 'file'\. --help lists what there is\.\n$/],
  ['a folder', [tmpdir()], /is a folder: name a CSV file in it\.\n$/],
  [
    'an unknown flag',
    ['x.csv', '--colum', 'y'],
    /^Unknown option '--colum'\. Did you mean --column\? --help lists what there is\.\n$/,
  ],
])(
  'refuses %s in one sentence',
  (_, args, sentence) => {
    const run = score(...args);
    expect(run.status).toBe(2);
    expect(readStderr(run)).toMatch(sentence);
  },
  60_000,
);

it('names the columns of a file without a text column', () => {
  const run = score(write('columns.csv', 'id,comment\n1,good\n'));
  expect(run.status).toBe(2);
  expect(readStderr(run)).toMatch(
    /has no column review, text or sentence; the columns found are: id, comment\. .*--column\.\n$/,
  );
}, 60_000);

it('reports a missing model in one sentence, and writes nothing', () => {
  const out = join(folder, 'never.csv');
  const args = [...command(), write('fine.csv', 'text\ngood\n'), '--out', out];
  const run = spawnSync(process.execPath, args, { env: environment({ MODEL_URI: `file:${folder}/empty` }) });
  expect(run.status).toBe(1);
  expect(run.stderr.toString().trim().split('\n')).toHaveLength(1);
  expect(existsSync(out)).toBe(false);
}, 60_000);

it('stops without an error when the reader of its output closes', async () => {
  const input = write('many.csv', `text\n${'good book\n'.repeat(20_000)}`);
  const child = spawn(process.execPath, [...command(), input], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += data));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(stderr).not.toContain('EPIPE');
}, 60_000);

it('leaves nothing behind when it is stopped', async () => {
  const input = write('stopped.csv', `text\n${'good book\n'.repeat(200_000)}`);
  const out = join(folder, 'stopped.scored.csv');
  const child = spawn(process.execPath, [...command(), input, '--out', out], { env: environment(), stdio: 'ignore' });
  while (!readdirSync(folder).some((name) => name.startsWith('stopped.scored.csv.'))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(readdirSync(folder).filter((name) => name.startsWith('stopped.scored.csv'))).toEqual([]);
}, 60_000);
