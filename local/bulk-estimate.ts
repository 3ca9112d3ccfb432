// What the run over a file will take: time and cost, before anything is uploaded.
import { readFileSync } from 'node:fs';
import { estimateCost } from '../functions/bulk/cost.ts';
import { usualLimits } from '../functions/bulk/split.ts';
import { openTable, type ReaderOptions, type Source } from '../layers/reader/index.ts';
import { createTextTime, type MeasuredTable } from './text-time.ts';

/** What of a file its time depends on. */
export interface FileMeasure {
  readonly rows: number;
  /** Tokens of a text on average, by its characters. */
  readonly tokens: number;
}

/** What a stage scores files with: its output BulkScale. */
export interface BulkScale {
  readonly concurrency: number;
  /** MB of one function. */
  readonly memory: number;
  readonly architecture: string;
}

/** What a run will take. */
export interface RunEstimate extends FileMeasure {
  readonly seconds: number;
  /** USD. */
  readonly cost: number;
  readonly batches: number;
  readonly concurrency: number;
}

/** Characters of a token of English, with the space behind it. */
const charactersPerToken = 4.5;
/** The markers at both ends of a text. */
const markers = 2;
/** A model reads no more than this of a text. */
const mostTokens = 512;

/** Counts the rows of a file and their tokens. */
export async function measureFile(source: Source, reading: ReaderOptions): Promise<FileMeasure> {
  const { columns, rows } = await openTable(source, reading, false);
  let [count, tokens] = [0, 0];
  for await (const { cells } of rows) {
    count += 1;
    tokens += Math.min(mostTokens, (cells[columns.text] ?? '').length / charactersPerToken + markers);
  }
  return { rows: count, tokens: Math.round(tokens / Math.max(1, count)) };
}

/** Start and end of a run, and the cold starts of its functions. */
const overheadSeconds = 60;

const readTable = (name: string) => JSON.parse(readFileSync(`bench/results/${name}.json`, 'utf8')) as MeasuredTable;

/** Estimates a run from the measured times of BERT-base, which is the largest model that is usual here. */
export function estimateRun({ rows, tokens }: FileMeasure, { concurrency, ...scale }: BulkScale): RunEstimate {
  const textMs = createTextTime(readTable('memory'), readTable('one-thread'))(tokens, scale.memory);
  const batches = Math.ceil(rows / usualLimits.rows);
  const ms = rows * textMs;
  const seconds = Math.ceil(ms / 1000 / Math.min(concurrency, batches)) + overheadSeconds;
  return { rows, tokens, seconds, cost: estimateCost(ms, batches, scale), batches, concurrency };
}

/** Says what a run will take. */
export function describeEstimate({ rows, tokens, seconds, cost, batches, concurrency }: RunEstimate): string {
  const count = (number: number, thing: string) => `${number.toLocaleString('en')} ${thing}${number === 1 ? '' : 's'}`;
  return (
    `${count(rows, 'row')} of about ${tokens} tokens, in ${count(batches, 'batch').replace(/chs$/, 'ches')}, ${concurrency} at a time: ` +
    `about ${count(Math.ceil(seconds / 60), 'minute')} and ${cost.toFixed(2)} USD with a BERT-base; a smaller model takes less.`
  );
}
