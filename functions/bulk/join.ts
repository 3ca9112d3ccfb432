// The last step of a run: joins the results of all batches, in the order of the file, and writes the summary.
import { FileError } from '../../layers/reader/index.ts';
import { estimateCost, type Scale } from './cost.ts';
import { resultKeys, workKeys } from './layout.ts';
import type { Objects } from './objects.ts';
import { type Plan, readPlan, readRows } from './plan.ts';
import { formatHeader, formatUnscored } from './result-rows.ts';
import { type BatchCounts, pack, readCounts } from './score.ts';

/** `NAME.summary.json`. */
export interface Summary {
  readonly schema: 1;
  readonly name: string;
  readonly model: string;
  /** Rows of the file, and those that have no prediction. */
  readonly rows: number;
  readonly failed: number;
  /** Rows of each label. */
  readonly labels: Readonly<Record<string, number>>;
  readonly batches: number;
  /** Batches that could not be scored; their rows are among those that failed. */
  readonly failedBatches: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** From the start of the run to its end. */
  readonly seconds: number;
  /** USD by list price, from the time that the functions took. */
  readonly cost: number;
  /** Address of the result. */
  readonly output: string;
}

interface Dependencies {
  readonly objects: Objects;
  readonly prefix: string;
  readonly scale: Scale;
  readonly now?: () => Date;
}

/** Batches that are read ahead of the one that is being written. */
const readsAhead = 8;

/**
 * Joins the results of a run. The rows of a batch that could not be scored get an error. A repeat changes nothing.
 *
 * @throws FileError if there is a result of another run under the same name.
 */
export async function joinBatches(
  { run }: { readonly run: string },
  { objects, prefix, scale, now = () => new Date() }: Dependencies,
): Promise<Summary> {
  const started = performance.now();
  const plan = await readPlan(objects, workKeys(prefix, run).plan);
  const keys = resultKeys(prefix, plan.name);
  const total = createTotal();
  const isNew = await objects.create(keys.output, readResult(objects, prefix, run, plan, total.add), { run });
  if (!isNew && (await objects.head(keys.output))?.metadata.run !== run)
    throw new FileError(`${keys.output}: there is a result of another run under this name, and it is not overwritten.`);
  const finished = now();
  const summary: Summary = {
    ...{ schema: 1, name: plan.name, model: plan.model, ...total.counts(), batches: plan.batches },
    startedAt: plan.startedAt,
    finishedAt: finished.toISOString(),
    seconds: Math.round((finished.getTime() - Date.parse(plan.startedAt)) / 1000),
    cost: estimateCost(total.ms() + plan.splitMs + performance.now() - started, plan.batches, scale),
    output: `s3://${objects.bucket}/${keys.output}`,
  };
  await objects.put(keys.summary, `${JSON.stringify(summary, null, 2)}\n`, { ifAbsent: true });
  return summary;
}

type Add = (counts: BatchCounts | undefined, rows: number) => void;

function createTotal() {
  const labels: Record<string, number> = {};
  let [rows, failed, failedBatches, ms] = [0, 0, 0, 0];
  const add: Add = (counts, unscored) => {
    rows += counts?.rows ?? unscored;
    failed += counts?.failed ?? unscored;
    ms += counts?.ms ?? 0;
    if (!counts) failedBatches += 1;
    for (const [label, count] of Object.entries(counts?.labels ?? {})) labels[label] = (labels[label] ?? 0) + count;
  };
  return { add, counts: () => ({ rows, failed, labels, failedBatches }), ms: () => ms };
}

/** The packed pieces of the result: its first row, then one piece for each batch. */
async function* readResult(
  objects: Objects,
  prefix: string,
  run: string,
  plan: Plan,
  add: Add,
): AsyncGenerator<Buffer> {
  const keys = workKeys(prefix, run);
  yield await pack(formatHeader(plan));
  const ahead: Promise<{ readonly content: Buffer; readonly add: () => void }>[] = [];
  const readBatch = async (batch: number) => {
    const found = await objects.get(keys.scores(batch));
    if (found) return { content: found.content, add: () => add(readCounts(found.metadata), 0) };
    const { csv, rows } = formatUnscored(await readRows(objects, keys.rows(batch)), plan);
    return { content: await pack(csv), add: () => add(undefined, rows) };
  };
  for (let batch = 0; batch < plan.batches || ahead.length > 0; batch += 1) {
    if (batch < plan.batches) {
      const read = readBatch(batch);
      // Its failure is reported where it is awaited. Here it only must not count as an unhandled rejection.
      read.catch(() => undefined);
      ahead.push(read);
    }
    if (ahead.length < readsAhead && batch < plan.batches - 1) continue;
    const next = await ahead.shift();
    next?.add();
    if (next) yield next.content;
  }
}
