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
});

it('keeps the order of the rows, whichever worker finishes first', () => {
  const texts = Array.from({ length: 300 }, (_, row) => (row % 7 === 0 ? 'good '.repeat(3000) : `book ${row}`));
  const run = score(write('order.csv', ['id,review', ...texts.map((text, row) => `${row},${text}`)].join('\n')));
  expect(
    readRows(run.stdout)
      .slice(1)
      .map(([id]) => Number(id)),
  ).toEqual(texts.map((_, row) => row));
});

it('compares with the column sentiment: accuracy, F1, ECE and confusion matrix', () => {
  const rows = ['good,positive', 'bad,0', 'good,negative', 'best,1', 'book,neutral', 'good,neutral'];
  const run = score(write('labelled.csv', ['review,sentiment', ...rows].join('\n')));
  expect(run.status).toBe(0);
  expect(readStderr(run)).toContain('Accuracy 75.00 %, F1 80.00 %, ECE');
  expect(readStderr(run)).toMatch(/is negative +1 +1\n +is positive +0 +2\n/);
  expect(readStderr(run)).toContain('"neutral" (2 rows)');
});

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
    const run = scoreByThree(file());
    const [header, ...rows] = readRows(run.stdout);
    expect(header).toEqual(['tweet', 'sentiment', 'label', 'negative', 'neutral', 'positive']);
    expect(rows.map(([, , label]) => label)).toEqual(['positive', 'neutral', 'negative', 'neutral']);
    for (const [, , , ...scores] of rows)
      expect(scores.reduce((sum, score) => sum + Number(score), 0)).toBeCloseTo(1, 6);
    expect(readStderr(run)).toContain('Accuracy 75.00 %, macro-F1 77.78 %, macro recall 83.33 %, ECE');
    expect(readStderr(run)).toMatch(/is positive +0 +1 +1 {2}recall 50\.00 %\n/);
  });

  it('leaves neutral out of rows and answers with --polar', () => {
    const run = scoreByThree(file(), '--polar');
    const [header, ...rows] = readRows(run.stdout);
    expect(header).toEqual(['tweet', 'sentiment', 'label', 'negative', 'positive']);
    expect(rows.map(([, , label]) => label)).toEqual(['positive', 'positive', 'negative', 'positive']);
    // Five tokens, 9 for the one word of positive.
    expect(Number(rows[3]?.[4])).toBeCloseTo(1 / (1 + Math.exp(-9 / 5)), 6);
    expect(readStderr(run)).toContain('Accuracy 100.00 %, F1 100.00 %, ECE');
    expect(readStderr(run)).toContain('"neutral" (1 rows)');
  });
});

const repeat = (row: string, times: number) => Array.from({ length: times }, () => row);

it('keeps bad rows in their place if they are few, and names their lines', () => {
  const bad = ['good', 'good,3,4', ' ,4', `${'x'.repeat(100_001)},5`, '"good" book,6'];
  const run = score(write('bad.csv', ['review,id', 'good,1', ...bad, ...repeat('good,7', 500)].join('\n')));
  expect(run.status).toBe(0);
  for (const fault of [
    'fields separated by commas, the text in column review, no label.',
    '1 of 506 rows with too few fields (line 3); they are left out.',
    '1 of 506 rows with too many fields (line 4); they are left out.',
    '1 of 506 rows with an empty text (line 5); they are left out.',
    '1 of 506 rows with a quote that ends inside a field (line 7); they are left out.',
    'Line 6: the text is longer than 100,000 characters.',
    '5 rows have no score',
  ])
    expect(readStderr(run)).toContain(fault);
  const rows = readRows(run.stdout).slice(1, 8);
  expect(rows.map(([, id, label]) => `${id} ${label}`)).toEqual([
    '1 positive',
    ' ',
    '3 ',
    '4 ',
    '5 ',
    '6 ',
    '7 positive',
  ]);
});

it('refuses a file with more than 1 % of bad rows before the model is loaded', () => {
  const path = write('refused.csv', ['review,id', 'good', ...repeat('good,7', 98)].join('\n'));
  const run = spawnSync(process.execPath, [...command(), path], {
    env: environment({ MODEL_URI: `file:${folder}/empty` }),
  });
  expect(run.status).toBe(2);
  expect(run.stderr.toString()).toBe(
    `${path}: 1 of 99 rows with too few fields (line 2); correct or remove them, or name the delimiter with --delimiter.\n`,
  );
});

it('reads other formats, and writes CSV in UTF-8', () => {
  const semicolons = '\ufeffID;Tweet;Rating\r\n1;"good; größer";5\r\n2;bad;1\r\n';
  const run = score(write('rated.csv', Buffer.from(semicolons, 'utf16le')), '--label-column', 'rating');
  expect(readStderr(run)).toContain('the label in column Rating (1 = negative, 5 = positive).');
  expect(readStderr(run)).toContain('Accuracy 100.00 %');
  const [header, first] = readRows(run.stdout);
  expect(header).toEqual(['ID', 'Tweet', 'Rating', 'label', 'negative', 'positive']);
  expect(first?.slice(0, 4)).toEqual(['1', 'good; größer', '5', 'positive']);
  const lines = score(write('rows.jsonl', '{"text": "good", "id": 1}\n{"text": "bad\\nbook", "id": 2}\n'));
  expect(readRows(lines.stdout).map((row) => row.slice(0, 3))).toEqual([
    ['text', 'id', 'label'],
    ['good', '1', 'positive'],
    ['bad\nbook', '2', 'negative'],
  ]);
});

it('leaves labels aside with --no-labels', () => {
  const path = write('other.csv', 'text,label\ngood,books\nbad,films\n');
  const refused = score(path);
  expect(refused.status).toBe(2);
  expect(readStderr(refused)).toContain('2 of 2 rows with an unknown label (line 2: "books", line 3: "films")');
  expect(readStderr(refused)).toContain('add --no-labels.');
  expect(score(path, '--no-labels').status).toBe(0);
});

it('reads and writes .gz, and takes the column that is named', () => {
  const input = write('packed.csv.gz', gzipSync('opinion,text\ngood,bad\n'));
  const out = join(folder, 'packed.scored.csv.gz');
  expect(score(input, '--text-column', 'opinion', '--out', out).status).toBe(0);
  expect(readRows(gunzipSync(readFileSync(out)))[1]?.slice(0, 3)).toEqual(['good', 'bad', 'positive']);
});

it('replaces --out only after all rows are written', () => {
  const out = write('kept.csv', 'as it was');
  const cut = gzipSync(`text\n${'good book\n'.repeat(5000)}`).subarray(0, -20);
  const run = score(write('cut.csv.gz', cut), '--out', out);
  expect(run.status).toBe(2);
  expect(readStderr(run)).toContain('cut.csv.gz: its gzip data is cut off or damaged');
  expect(readFileSync(out, 'utf8')).toBe('as it was');
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

it('refuses a quote that is never closed', () => {
  const run = score(write('open.csv', 'text\ngood\n"bad\ngood\n'));
  expect(run.status).toBe(2);
  expect(readStderr(run)).toContain('2 of 3 rows with a quote that is never closed (line 3)');
});

it.each([
  ['a missing file', ['nowhere.csv'], /^nowhere\.csv does not exist\.\n$/],
  ['no file', [], /^Missing required argument 'file'\. --help lists what there is\.\n$/],
  ['a folder', [tmpdir()], /is a folder: name a file in it\.\n$/],
  [
    'an unknown flag',
    ['x.csv', '--text-colum', 'y'],
    /^Unknown option '--text-colum'\. Did you mean --text-column\? --help lists what there is\.\n$/,
  ],
])('refuses %s in one sentence', (_, args, sentence) => {
  const run = score(...args);
  expect(run.status).toBe(2);
  expect(readStderr(run)).toMatch(sentence);
});

it('names the columns of a file without a text column', () => {
  const run = score(write('columns.csv', 'id,comment\n1,good\n'));
  expect(run.status).toBe(2);
  expect(readStderr(run)).toMatch(
    /no column review, text, sentence, tweet or content; the columns found are: id, comment; .*--text-column\.\n$/,
  );
});

it('reports a missing model in one sentence, and writes nothing', () => {
  const out = join(folder, 'never.csv');
  const args = [...command(), write('fine.csv', 'text\ngood\n'), '--out', out];
  const run = spawnSync(process.execPath, args, { env: environment({ MODEL_URI: `file:${folder}/empty` }) });
  expect(run.status).toBe(1);
  expect(run.stderr.toString().trim().split('\n')).toHaveLength(1);
  expect(existsSync(out)).toBe(false);
});

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
});

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
});
