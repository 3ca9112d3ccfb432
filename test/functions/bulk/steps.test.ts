// The steps of a run, one after the other, over a real S3 server and the tiny model.
import { gzipSync } from 'node:zlib';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { joinBatches } from '../../../functions/bulk/join.ts';
import type { Objects } from '../../../functions/bulk/objects.ts';
import { scoreBatch } from '../../../functions/bulk/score.ts';
import { splitFile } from '../../../functions/bulk/split.ts';
import { createVersionLoader } from '../../../functions/bulk/version-loader.ts';
import { openModelStore, readManifest, readPointer } from '../../../layers/model-store/index.ts';
import { readModelSettings } from '../../../layers/prediction/index.ts';
import { createLog } from '../../../layers/telemetry/index.ts';
import { findEndpoint } from '../../s3/buckets.ts';
import { createPointer, createTinyVersion, firstVersion, secondVersion, threeClasses } from '../predict/tiny-store.ts';
import { executionOf, makeBulkBucket, prefix } from './bulk-bucket.ts';

const bulk = await makeBulkBucket(findEndpoint());
const { objects, put, readJson, readResult } = bulk;
const store = openModelStore(`s3://${bulk.bucket}/${prefix}`, { endpoint: bulk.endpoint, region: 'us-east-1' });

const settings = { ...readModelSettings({ MODEL_URI: 'file:///' }, () => undefined), store };
const loadTiny = createVersionLoader(settings, createLog({ level: 'error', write: () => undefined }));
const scale = { memory: 1769, architecture: 'x64' };

const pinModel = async (version?: string) =>
  version === undefined ? (await readPointer(store)).pointer.manifest : readManifest(store, version);

let count = 0;
const nextRun = () => `run-${++count}`;

const split = (
  at: { readonly key: string; readonly etag: string },
  run: string,
  limits = { rows: 3, bytes: 1000 },
  through: Objects = objects,
) => splitFile({ ...at, execution: executionOf(run) }, { objects: through, prefix, pinModel, limits });

const score = (run: string, batch: number, loadVersion = loadTiny) =>
  scoreBatch({ run, batch }, { objects, prefix, loadVersion });

const join = (run: string) => joinBatches({ run }, { objects, prefix, scale });

/** Does what the state machine does. */
async function scoreFile(file: string, content: string | Buffer, metadata = {}) {
  const run = nextRun();
  const { batches, name } = await split(await put(file, content, metadata), run);
  const items: { batch: number }[] = JSON.parse(String((await objects.get(batches))?.content));
  for (const { batch } of items) await score(run, batch);
  return { name, run, items, summary: await join(run), rows: await readResult(name) };
}

it('scores a file in its order, with quoted commas, newlines and U+0085, and writes a summary', async () => {
  const texts = [
    'good',
    'bad, bad',
    'the\nthe "book"',
    'good\u0085best',
    'this is a book\r',
    'bad',
    'unheard of words',
  ];
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const { rows, summary, items } = await scoreFile(
    'quotes.csv',
    `id,text\r\n${texts.map((text, id) => `${id},${quote(text)}\r\n`).join('')}`,
  );
  expect(rows.map(({ text }) => text)).toEqual(texts);
  expect(rows.map(({ id }) => Number(id))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(Object.keys(rows[0] ?? {})).toEqual([
    ...['id', 'text', 'label', 'negative', 'neutral', 'positive', 'unknown', 'reliable', 'error'],
  ]);
  expect(rows.map(({ label }) => label)).toEqual([
    ...['positive', 'negative', 'neutral', 'positive', expect.any(String), 'negative', expect.any(String)],
  ]);
  expect(rows.map(({ unknown }) => unknown)).toEqual(['0', '1', '2', '0', '0', '0', '3']);
  expect(rows[6]?.reliable).toBe('false');
  expect(items).toHaveLength(3);
  expect(summary).toMatchObject({
    ...{ schema: 1, name: 'quotes', model: firstVersion, rows: 7, failed: 0, batches: 3, failedBatches: 0 },
    output: `s3://${bulk.bucket}/dev/bulk/out/quotes.csv.gz`,
  });
  expect(Object.values(summary.labels).reduce((sum, rows) => sum + rows, 0)).toBe(7);
  expect(summary.cost).toBeGreaterThan(0);
  expect(await readJson('out/quotes.summary.json')).toEqual(summary);
});

it.each([
  ['packed.csv.gz', gzipSync('text\ngood\nbad\n')],
  ['tabs.tsv', 'text\tn\n"good\t1\nbad\t2\n'],
  ['lines.jsonl', '{"n":1,"text":"good"}\n{"text":"bad"}\n'],
])('reads %s', async (file, content) => {
  const { rows } = await scoreFile(file, content);
  expect(rows.map(({ label }) => label)).toEqual(['positive', 'negative']);
});

it('reads a file as npm run bulk -- put was told to', async () => {
  const metadata = { 'text-column': encodeURIComponent('Größe'), delimiter: '%7C', encoding: 'latin-1' };
  const { rows } = await scoreFile('told.csv', Buffer.from('Größe|text\ngood|bad\n', 'latin1'), metadata);
  expect(rows).toEqual([expect.objectContaining({ Größe: 'good', text: 'bad', label: 'positive' })]);
});

it('gives a bad row an error in its place and goes on, whatever their share', async () => {
  const long = 'good '.repeat(20_001);
  const { rows, summary } = await scoreFile('bad.csv', `text,n\ngood,1\n,2\n${long},3\nonly\n\u0085,5\nbad,6\n`);
  expect(rows.map(({ n, label, error }) => [n, label, error])).toEqual([
    ['1', 'positive', ''],
    ['2', '', 'an empty text'],
    ['3', '', 'a text longer than 100,000 characters'],
    ['', '', 'too few fields'],
    ['5', '', 'an empty text'],
    ['6', 'negative', ''],
  ]);
  expect(summary).toMatchObject({ rows: 6, failed: 4, labels: { positive: 1, negative: 1 } });
});

it('gives a text on which the model fails an error, and goes on', async () => {
  const run = nextRun();
  await split(await put('fails.csv', 'text\ngood\nbad\n'), run);
  const failing = async (version: string) => {
    const predict = await loadTiny(version);
    return (text: string) => (text === 'bad' ? Promise.reject(new Error('no memory')) : predict(text));
  };
  const observed: string[] = [];
  const observe = (predictions: readonly { label: string }[]) =>
    void observed.push(...predictions.map(({ label }) => label));
  const counts = await scoreBatch({ run, batch: 0 }, { objects, prefix, loadVersion: failing, observe });
  expect(counts).toMatchObject({ rows: 2, failed: 1, labels: { positive: 1 } });
  expect(observed).toEqual(['positive']);
  await join(run);
  expect((await readResult('fails'))[1]?.error).toBe('the model failed on it (no memory)');
});

describe('a file that cannot be used', () => {
  const refusal = async (file: string, content: string | Buffer) => {
    const at = await put(file, content);
    return split(at, nextRun()).catch((error: Error) => `${error.name}: ${error.message}`);
  };

  it.each([
    ['empty.csv', '', 'empty.csv: it is empty; its first row must name the columns.'],
    ['header.csv', 'text\n', 'header.csv: no rows.'],
    ['other.csv', 'a,b\n1,2\n', /^FileError: other.csv: no column review, text, sentence, tweet or content; .*: a, b;/],
    ['cut.csv.gz', gzipSync(`text\n${'good\n'.repeat(500)}`).subarray(0, -12), /its gzip data is cut off or damaged/],
    ['latin.csv', Buffer.from('text\ngood\n\xe9\n', 'latin1'), 'latin.csv: line 3 is not UTF-8; name the file'],
    ['book.xlsx', 'PK', 'book.xlsx: its name must end in .csv, .tsv, .txt, .jsonl or .ndjson'],
    ['sheet.csv', 'PK\x03\x04', 'sheet.csv: it is a zip file or an Excel workbook'],
    ['folder/file.csv', 'text\ngood\n', /put a file directly into dev\/bulk\/in\//],
  ])('%s is refused in a sentence', async (file, content, sentence) => {
    expect(await refusal(file, content)).toMatch(sentence);
  });

  it('leaves the reason in the record of its run, and its name free', async () => {
    await refusal('again.csv', 'a\n1\n');
    expect((await readJson('out/again.run.json')).refused).toMatch('again.csv: no column review');
    expect((await scoreFile('again.csv', 'text\ngood\n')).rows).toHaveLength(1);
    expect(await readJson('out/again.run.json')).not.toHaveProperty('refused');
  });

  it('is one that was deleted, replaced before it was read, or replaced while it is read', async () => {
    const at = await put('gone.csv', 'text\ngood\n');
    await bulk.client.send(new DeleteObjectCommand({ Bucket: bulk.bucket, Key: at.key }));
    await expect(split(at, nextRun())).rejects.toThrow('gone.csv: it was deleted or renamed before it was read');
    const first = await put('new.csv', 'text\ngood\n');
    await put('new.csv', 'text\nbad\n');
    await expect(split(first, nextRun())).rejects.toThrow('new.csv: it was replaced by another file');
    const last = await put('later.csv', 'text\ngood\n');
    async function* read(key: string, etag: string) {
      await put('later.csv', 'text\nbad\n');
      yield* objects.read(key, etag);
    }
    await expect(split(last, nextRun(), undefined, { ...objects, read })).rejects.toThrow(
      'later.csv: it was replaced by another file',
    );
  });
});

describe('a name', () => {
  it('belongs to one run: a second file of that name is refused, and nothing is overwritten', async () => {
    const { run } = await scoreFile('taken.csv', 'text\ngood\n');
    const later = await put('taken.tsv', 'text\nbad\n');
    await expect(split(later, nextRun())).rejects.toThrow(
      /^taken.tsv: there is a run taken already, of 20.*another name/,
    );
    expect(await readJson('out/taken.run.json')).toMatchObject({
      execution: executionOf(run),
      file: { name: 'taken.csv' },
    });
    expect((await readResult('taken'))[0]?.label).toBe('positive');
  });

  it('is not overwritten either by a run whose record was deleted', async () => {
    await scoreFile('unrecorded.csv', 'text\ngood\n');
    await bulk.client.send(new DeleteObjectCommand({ Bucket: bulk.bucket, Key: 'dev/bulk/out/unrecorded.run.json' }));
    await expect(scoreFile('unrecorded.csv', 'text\nbad\n')).rejects.toThrow('there is a result of another run');
    expect((await readResult('unrecorded'))[0]?.label).toBe('positive');
  });
});

describe('a repeat', () => {
  it('of the first step keeps the model of the run, also when another one is current by then', async () => {
    const at = await put('pinned.csv', 'text\ngood\n');
    const run = nextRun();
    await split(at, run);
    const files = await createTinyVersion(secondVersion, threeClasses);
    for (const [key, content] of Object.entries(files)) await objects.put(`${prefix}/${key}`, content);
    await objects.put(`${prefix}/current.json`, createPointer(files, secondVersion));
    await split(at, run);
    await score(run, 0);
    expect(await join(run)).toMatchObject({ model: firstVersion });
    expect((await scoreFile('after.csv', 'text\ngood\n')).summary.model).toBe(secondVersion);
  });

  it('of a batch that is scored does not load the model, and of the last step changes nothing', async () => {
    const { run, summary, rows } = await scoreFile('twice.csv', 'text\ngood\nbad\n');
    const never = () => Promise.reject(new Error('the model is loaded again'));
    const observed: number[] = [];
    const observe = (predictions: readonly unknown[]) => void observed.push(predictions.length);
    await scoreBatch({ run, batch: 0 }, { objects, prefix, loadVersion: never, observe });
    expect(observed).toEqual([]);
    expect(await score(run, 0, never)).toMatchObject({ rows: 2, failed: 0, labels: { positive: 1, negative: 1 } });
    await join(run);
    expect(await readJson('out/twice.summary.json')).toEqual(summary);
    expect(await readResult('twice')).toEqual(rows);
  });
});

it('gives the rows of a batch that failed an error, and counts them', async () => {
  const run = nextRun();
  await split(await put('holes.csv', `text\n${'good\nbad\nthe\n'.repeat(3)}`), run);
  await score(run, 0);
  await score(run, 2);
  expect(await join(run)).toMatchObject({ rows: 9, failed: 3, batches: 3, failedBatches: 1 });
  const rows = await readResult('holes');
  expect(rows.map(({ text }) => text)).toEqual(['good', 'bad', 'the', 'good', 'bad', 'the', 'good', 'bad', 'the']);
  expect(rows.map(({ error }) => error).slice(3, 6)).toEqual(Array(3).fill('its batch could not be scored'));
});
