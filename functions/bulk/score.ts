// The step between: scores one batch of a run, once.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Prediction } from '../../layers/prediction/index.ts';
import { workKeys } from './layout.ts';
import type { Metadata, Objects } from './objects.ts';
import { readPlan, readRows } from './plan.ts';
import { type Predict, type ScoredRows, scoreRows } from './result-rows.ts';

/** One batch of a run. */
export interface BatchRequest {
  readonly run: string;
  /** Its place among the batches, counted from 0. */
  readonly batch: number;
}

/** What is counted of a batch. */
export interface BatchCounts extends Omit<ScoredRows, 'csv' | 'predictions'> {
  /** Milliseconds from the batch's rows to its result. */
  readonly ms: number;
}

interface Dependencies {
  readonly objects: Objects;
  readonly prefix: string;
  /** Loads a version of the model. */
  readonly loadVersion: (version: string) => Promise<Predict>;
  /** Takes the predictions of a batch, once it is scored. */
  readonly observe?: ((predictions: readonly Prediction[]) => void) | undefined;
}

/**
 * Scores a batch with the model of its run. Its result is written once: a batch that was scored before, in an earlier attempt
 * of the run, is left as it is, and the model is not loaded for it.
 */
export async function scoreBatch(
  { run, batch }: BatchRequest,
  { objects, prefix, loadVersion, observe }: Dependencies,
): Promise<BatchCounts> {
  const keys = workKeys(prefix, run);
  const done = await objects.head(keys.scores(batch));
  if (done) return readCounts(done.metadata);
  const plan = await readPlan(objects, keys.plan);
  const predict = await loadVersion(plan.model);
  const started = performance.now();
  const { csv, predictions, ...found } = await scoreRows(await readRows(objects, keys.rows(batch)), plan, predict);
  const counts = { ...found, ms: Math.round(performance.now() - started) };
  // Packed one by one: gzip files written one after the other are one gzip file.
  const isNew = await objects.put(keys.scores(batch), await pack(csv), {
    ifAbsent: true,
    metadata: writeCounts(counts),
  });
  if (isNew) observe?.(predictions);
  return counts;
}

/** Packs a text. */
export const pack: (text: string) => Promise<Buffer> = promisify(gzip);

const writeCounts = (counts: BatchCounts): Metadata => ({ counts: JSON.stringify(counts) });

/** Reads what was counted from the metadata of a batch's result. */
export const readCounts = ({ counts = '' }: Metadata): BatchCounts => JSON.parse(counts) as BatchCounts;
