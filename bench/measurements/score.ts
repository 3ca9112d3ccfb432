import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../bench.ts';
import { createFact, createRow } from '../results.ts';
import { listStores, takeTurns } from '../runner.ts';
import { compareBlocks } from '../statistics.ts';
import { createReviews } from '../texts.ts';

/** Rows of the file for each model: some ten seconds of one process. */
const rowsOf = { sample: 400, base: 80 };

const run = promisify(execFile);

/** Writes a file of reviews. Returns its path. */
function writeReviews({ paths, words }: Bench, rows: number): string {
  mkdirSync(paths.cache, { recursive: true });
  const path = join(paths.cache, `reviews-${rows}.csv`);
  writeFileSync(path, ['review', ...createReviews(words, rows)].join('\n'));
  return path;
}

interface Contest {
  readonly name: string;
  readonly workers: number;
  readonly threads: number;
  readonly store: string;
  readonly file: string;
  readonly rates: number[];
}

/** Rows per second of `npm run score`, as it says at its end: without the start of its processes. */
async function scoreFile({ paths }: Bench, { workers, threads, store, file }: Contest): Promise<number> {
  const out = join(paths.cache, 'reviews.scored.csv');
  const words = [join(paths.root, 'dist', 'local', 'score.mjs'), file, '--workers', String(workers), '--out', out];
  const env = { ...process.env, MODEL_URI: `file:${store}`, MODEL_THREADS: String(threads) };
  const { stderr } = await run(process.execPath, words, { env });
  const rate = /, ([\d.]+) rows\/s\./.exec(stderr)?.[1];
  if (rate === undefined) throw new Error(`npm run score names no rate: ${stderr}`);
  return Number(rate);
}

/** `npm run score` in one process of one thread, in one of several threads, and in several of one thread. */
export async function measureScore(bench: Bench): Promise<void> {
  const count = bench.options.threads;
  const contests = listStores(bench).flatMap(({ model, store }): Contest[] => {
    const file = writeReviews(bench, model === 'sample model' ? rowsOf.sample : rowsOf.base);
    const create = (name: string, workers: number, threads: number): Contest => ({
      ...{ name: `${model}, ${name}`, workers, threads, store, file },
      rates: [],
    });
    return [
      create('one process, one thread', 1, 1),
      create(`one process, ${count} threads`, 1, count),
      create(`${count} processes, one thread each`, count, 1),
    ];
  });
  await takeTurns('Scoring files', bench.options.blocks, contests, async (contest) => {
    contest.rates.push(await scoreFile(bench, contest));
  });
  const rows = contests.map(({ name, rates }) =>
    createRow(
      name,
      'rows/s',
      rates.map((rate) => [rate]),
    ),
  );
  const ratios = contests.flatMap(({ name, rates }, index) => {
    const single = contests[index - (index % 3)]?.rates ?? [];
    return index % 3 === 2 ? [createFact(`${name}, against one of them`, compareBlocks(rates, single), '×')] : [];
  });
  bench.save('score', [...rows, ...ratios]);
}
