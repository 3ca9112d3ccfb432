import { Readable } from 'node:stream';
import { createBulkCommand } from '../../local/bulk.ts';
import { describeEstimate, estimateRun, measureFile } from '../../local/bulk-estimate.ts';
import { parseReaderFlags } from '../../local/reader-flags.ts';

/** Returns the action that the arguments call, and its options. */
async function readCall(args: readonly string[]): Promise<readonly unknown[]> {
  const calls: unknown[][] = [];
  const keep = (action: string) => async (options: object) => void calls.push([action, options]);
  const actions = { put: keep('put'), status: keep('status'), get: keep('get'), redrive: keep('redrive') };
  await createBulkCommand(actions).parseAsync(args, { from: 'user' });
  return calls[0] ?? [];
}

describe('npm run bulk', () => {
  it.each([
    [
      ['put', 'a.csv'],
      ['put', { file: 'a.csv', stage: 'dev' }],
    ],
    [
      ['put', 'a.csv', '--stage', 'prod', '--name', 'b.csv', '--estimate', '--text-column', 'body'],
      ['put', { file: 'a.csv', stage: 'prod', name: 'b.csv', estimate: true, textColumn: 'body' }],
    ],
    [['status'], ['status', { name: undefined, stage: 'dev' }]],
    [
      ['--stage', 'prod', 'status', 'a'],
      ['status', { name: 'a', stage: 'prod' }],
    ],
    [
      ['get', 'a', '--out', 'a.csv'],
      ['get', { name: 'a', out: 'a.csv', stage: 'dev' }],
    ],
    [
      ['redrive', 'a'],
      ['redrive', { name: 'a', stage: 'dev' }],
    ],
  ])('reads %j', async (args, call) => {
    expect(await readCall(args)).toEqual(call);
  });

  it.each([
    [[], 'Which command? put, status, get, redrive.'],
    [['put'], "Missing required argument 'file'."],
    [['get', 'a', '--force'], "Unknown option '--force'."],
  ])('refuses %j', async (args, sentence) => {
    await expect(readCall(args)).rejects.toThrow(sentence);
  });
});

it('estimates time and cost from the rows and their length, before anything is uploaded', async () => {
  const content = `text\n${`${'word '.repeat(18)}\n`.repeat(1000)}`;
  const source = { name: 'a.csv', read: () => Readable.from([Buffer.from(content)]) };
  const measure = await measureFile(source, parseReaderFlags({}));
  expect(measure).toEqual({ rows: 1000, tokens: 22 });
  const scale = { concurrency: 5, memory: 1769, architecture: 'x86_64' };
  const estimate = estimateRun(measure, scale);
  const larger = estimateRun({ rows: 1_000_000, tokens: 22 }, scale);
  expect(estimate).toMatchObject({ batches: 2, concurrency: 5 });
  expect(larger.cost / estimate.cost).toBeCloseTo(1000, -1);
  expect(larger.seconds).toBeGreaterThan(100 * (estimate.seconds - 60));
  expect(describeEstimate(larger)).toMatch(
    /^1,000,000 rows of about 22 tokens, in 2,000 batches, 5 at a time: about \d+ minutes and \d+\.\d\d USD with a BERT-base/,
  );
});
