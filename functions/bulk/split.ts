// The first step of a run: reads a file as a stream and writes its rows in batches.

import { findTextFault } from '../../layers/prediction/index.ts';
import { FileError, openTable, parseLabels, type ReaderOptions, type Source } from '../../layers/reader/index.ts';
import { inFolder, nameOf, resultKeys, runIdOf, workKeys } from './layout.ts';
import { isConflict, isMissing, type Metadata, type ObjectHead, type Objects } from './objects.ts';
import { formatRow, type Plan, writePlan } from './plan.ts';
import { type Run, refuseRun, reserveName } from './run.ts';

/** A file that appeared in the bucket, and the execution that scores it. */
export interface SplitRequest {
  readonly execution: string;
  readonly key: string;
  /** Tag of the object when the event was sent. Another one means another content. */
  readonly etag: string;
}

/** What the state machine needs to go on. */
export interface SplitResult {
  readonly run: string;
  readonly name: string;
  /** Key of the list of batches. */
  readonly batches: string;
}

/** How much one batch holds, whichever limit comes first. */
export interface BatchLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The model that scores a run. */
export interface PinnedModel {
  readonly version: string;
  readonly labels: readonly string[];
}

interface Dependencies {
  readonly objects: Objects;
  readonly prefix: string;
  /** Returns the current version, or what a run was started with. */
  readonly pinModel: (version?: string) => Promise<PinnedModel>;
  readonly limits?: BatchLimits;
  readonly now?: () => Date;
}

/**
 * Half a thousand texts of 512 tokens take three minutes on one processor, a fifth of a function's longest run. A million rows
 * are two thousand batches then. The bytes bound the memory that a batch takes.
 */
export const usualLimits: BatchLimits = { rows: 500, bytes: 1024 * 1024 };

/** Batches on their way to S3 at the same time. */
const writesAhead = 4;

/**
 * Splits a file. A repeat writes the same batches again.
 *
 * @throws FileError if the file cannot be used. The run's record says so too then.
 */
export async function splitFile(request: SplitRequest, dependencies: Dependencies): Promise<SplitResult> {
  const { objects, prefix, pinModel, now = () => new Date() } = dependencies;
  const file = readFileName(request.key, inFolder(prefix));
  const name = nameOf(file);
  const head = checkHead(file, request, await objects.head(request.key));
  const keys = resultKeys(prefix, name);
  const { version } = await pinModel();
  const run = await reserveName(objects, keys.run, {
    schema: 1,
    name,
    execution: request.execution,
    file: { name: file, etag: head.etag, bytes: head.bytes },
    model: version,
    startedAt: now().toISOString(),
  });
  try {
    return await writeBatches(run, head.metadata, request.key, dependencies);
  } catch (error) {
    if (error instanceof FileError) await refuseRun(objects, keys.run, request.execution, error.message);
    throw error;
  }
}

function readFileName(key: string, folder: string): string {
  const file = key.slice(folder.length);
  if (key.startsWith(folder) && file !== '' && !file.includes('/')) return file;
  throw new FileError(`${key}: put a file directly into ${folder}, not into a folder of its own.`);
}

function checkHead(file: string, { etag }: SplitRequest, head: ObjectHead | undefined): ObjectHead {
  if (!head) throw new FileError(explainMissing(file));
  if (head.etag !== etag) throw new FileError(explainChange(file));
  return head;
}

const explainMissing = (file: string) => `${file}: it was deleted or renamed before it was read; put it again.`;
const explainChange = (file: string) =>
  `${file}: it was replaced by another file before it was read; only the later one is scored.`;

/** The object as the event described it, whatever happens to it meanwhile. */
function openObject(objects: Objects, key: string, { name, etag }: Run['file']): Source {
  async function* read() {
    try {
      yield* objects.read(key, etag);
    } catch (error) {
      if (isMissing(error)) throw new FileError(explainMissing(name));
      if (isConflict(error)) throw new FileError(explainChange(name));
      throw error;
    }
  }
  return { name, read };
}

/** Reads how to read the file from what `npm run bulk -- put` wrote beside it. */
function readOptions(metadata: Metadata): ReaderOptions {
  const labels = parseLabels('');
  if (typeof labels === 'string') throw new Error(labels);
  const option = (name: string) => decodeURIComponent(metadata[name] ?? '');
  return {
    textColumn: option('text-column'),
    labelColumn: undefined,
    labels,
    delimiter: option('delimiter'),
    encoding: option('encoding'),
    isBlank: (text) => findTextFault(text) === 'SENTENCE_BLANK',
    strict: false,
  };
}

async function writeBatches(
  run: Run,
  metadata: Metadata,
  key: string,
  { objects, prefix, pinModel, limits = usualLimits }: Dependencies,
): Promise<SplitResult> {
  const started = performance.now();
  const runId = runIdOf(run.execution);
  const work = workKeys(prefix, runId);
  const { labels } = await pinModel(run.model);
  const { columns, rows: all } = await openTable(openObject(objects, key, run.file), readOptions(metadata), false);
  const writes: Promise<unknown>[] = [];
  let [rows, batches, bytes] = [0, 0, 0];
  let lines: string[] = [];
  const flush = async () => {
    if (lines.length === 0) return;
    const write = objects.put(work.rows(batches), lines.join(''));
    // Its failure is reported where it is awaited. Here it only must not count as an unhandled rejection.
    write.catch(() => undefined);
    writes.push(write);
    [batches, bytes, lines] = [batches + 1, 0, []];
    if (writes.length >= writesAhead) await writes.shift();
  };
  for await (const { cells, fault } of all) {
    const line = formatRow({ cells, fault });
    rows += 1;
    bytes += Buffer.byteLength(line);
    lines.push(line);
    if (lines.length === limits.rows || bytes >= limits.bytes) await flush();
  }
  await flush();
  await Promise.all(writes);
  if (rows === 0) throw new FileError(`${run.file.name}: no rows.`);
  const { name, model, startedAt } = run;
  const plan: Plan = {
    ...{ schema: 1, name, model, startedAt, classes: labels.toSorted(), rows, batches },
    columns: { names: [...columns.names], text: columns.text },
    splitMs: Math.round(performance.now() - started),
  };
  await writePlan(objects, work.plan, plan);
  await objects.put(work.batches, JSON.stringify(Array.from({ length: batches }, (_, batch) => ({ batch }))));
  return { run: runId, name, batches: work.batches };
}
