// A file of 50,000 rows through the steps, with a classifier that answers at once, over a real S3 server, in bounded memory.

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { joinBatches } from '../../../functions/bulk/join.ts';
import { scoreBatch } from '../../../functions/bulk/score.ts';
import { splitFile } from '../../../functions/bulk/split.ts';
import { findEndpoint } from '../../s3/buckets.ts';
import { executionOf, makeBulkBucket, prefix } from './bulk-bucket.ts';

const bulk = await makeBulkBucket(findEndpoint());
const { objects } = bulk;
const rows = 50_000;
const filler = 'a word, a "quoted" one, and U+0085: \u0085 '.repeat(10);
const makeRow = (id: number) => `${id},"${id} ${filler.replaceAll('"', '""')}\n"\n`;

/** Predicts by the text's number. */
const predict = async (text: string) => {
  const label = Number.parseInt(text, 10) % 2 === 0 ? 'positive' : 'negative';
  const probabilities = { negative: 0.5, neutral: 0, positive: 0.5 };
  return { label, score: 0.5, probabilities, tokens: 100, unknown: 0, truncated: false, reliable: true };
};

it('splits, scores and joins 50,000 rows in order, and holds a few batches of them at a time', async () => {
  const content = Buffer.from(`id,text\n${Array.from({ length: rows }, (_, id) => makeRow(id)).join('')}`);
  expect(content.length).toBeGreaterThan(20_000_000);
  const at = await bulk.put('many.csv', content);
  let [held, most] = [0, 0];
  const hold = <T>(work: Promise<T>) => {
    most = Math.max(most, ++held);
    return work.finally(() => --held);
  };
  const bounded = {
    ...objects,
    put: (...put: Parameters<typeof objects.put>) => hold(objects.put(...put)),
    get: (key: string) => hold(objects.get(key)),
  };
  const labels = ['negative', 'neutral', 'positive'];
  const pinModel = async () => ({ version: '20260101T000000Z-aaaaaaa', labels });
  const request = { ...at, execution: executionOf('many') };
  const { batches } = await splitFile(request, { objects: bounded, prefix, pinModel });
  const items: { batch: number }[] = JSON.parse(String((await objects.get(batches))?.content));
  expect(items).toHaveLength(100);
  for (const item of items)
    await scoreBatch({ run: 'many', ...item }, { objects, prefix, loadVersion: async () => predict });
  const scale = { memory: 1769, architecture: 'x64' };
  expect(await joinBatches({ run: 'many' }, { objects: bounded, prefix, scale })).toMatchObject({
    ...{ rows, failed: 0, batches: 100, labels: { positive: rows / 2, negative: rows / 2 } },
  });
  expect(most).toBeLessThanOrEqual(10);
  let id = 0;
  const packed = Readable.from([await bulk.read('out/many.csv.gz')]);
  for await (const row of packed.pipe(createGunzip()).pipe(parse({ columns: true }))) {
    if (Number(row.id) !== id || row.text !== `${id} ${filler}\n` || row.label !== (id % 2 ? 'negative' : 'positive'))
      throw new Error(`Row ${id} is ${JSON.stringify(row)}.`);
    id += 1;
  }
  expect(id).toBe(rows);
}, 300_000);
