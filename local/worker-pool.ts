// Worker processes behind one classifier. dispatcher.ts has the queue in front of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiError } from '../functions/predict/errors.ts';
import {
  type Classifier,
  createTokenCounter,
  type Device,
  type ModelSource,
  textsInLine,
} from '../layers/inference/index.ts';
import { describeFailure, type Log } from '../layers/telemetry/index.ts';
import { createDispatcher, type Worker, WorkerEndedError } from './dispatcher.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** Path of the built worker.ts, beside the bundle that this file is in. */
export const workerPath = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** Settings of a pool. */
export interface PoolOptions {
  /** Path of the built worker.ts. */
  readonly workerPath: string;
  /** Processes, each with a session of its own. */
  readonly workers: number;
  /** Threads of one run in one process. */
  readonly threads: number;
  /** `cpu` if undefined. On a GPU each process takes as many texts as it runs in batches. */
  readonly device?: Device | undefined;
  /** Texts that a process on a CPU is given at the same time; 1 if undefined. It runs them one after the other. */
  readonly lanes?: number;
  /** Texts that may wait for a worker; one more is refused. See `Dispatcher.open`. */
  readonly queueDepth: number;
  readonly log: Log;
  /** Milliseconds between two tries to replace a worker. */
  readonly retryMs?: number;
}

/** Texts that one process has at the same time. */
const lanesOf = ({ device, lanes = 1 }: PoolOptions) => (device === 'cuda' ? textsInLine : lanes);

/** Starts in a row that may end by a killed process before texts are refused: what kills a worker may kill the next one too. */
const mostKilledStarts = 3;

type Start = () => Promise<WorkerProcess>;

/** Starts all workers. If one cannot start, the others are stopped. */
async function startAll(start: Start, count: number): Promise<WorkerProcess[]> {
  const starting = await Promise.allSettled(Array.from({ length: count }, start));
  const started = starting.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = starting.find((result) => result.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map((worker) => worker.stop()));
  throw failed.reason;
}

/**
 * Starts worker processes on a model's files. Each text goes to an idle worker, and requests take turns. A worker that ends
 * is replaced, and another one answers the text that it had (docs/decisions/0086-texts-of-lost-workers.md).
 *
 * @throws Error if a worker cannot load the model. No process is left behind.
 */
export async function startPool(source: ModelSource, options: PoolOptions): Promise<Classifier> {
  const start = () => startWorker(options.workerPath, { source, threads: options.threads, device: options.device });
  const workers = await startAll(start, options.workers);
  return createPool(source, workers, { ...options, start });
}

function createPool(
  source: ModelSource,
  started: readonly WorkerProcess[],
  options: PoolOptions & { start: Start },
): Classifier {
  const { queueDepth, log, retryMs = 2000, start } = options;
  const lanes = lanesOf(options);
  const dispatcher = createDispatcher(options.workers * lanes + queueDepth);
  const workers = new Set<WorkerProcess>();
  const replacing = new Set<Promise<void>>();
  /** Aborts when no more texts are taken. Those that were taken are answered yet. */
  const closing = new AbortController();
  let drained = false;
  /** True after a failed try to replace a worker. If no worker is left then, texts are refused instead of queued. */
  let replacementFailed = false;

  const add = (process: WorkerProcess) => {
    workers.add(process);
    const worker = { lanes, classify: process.classify };
    dispatcher.add(worker);
    replacementFailed = false;
    log.debug('worker started', { pid: process.pid });
    process.ended.then((reason) => lose(process, worker, reason));
  };

  const lose = (process: WorkerProcess, worker: Worker, reason: string) => {
    workers.delete(process);
    dispatcher.remove(worker);
    if (drained) return;
    log.error('worker ended', { reason });
    const replacement = replace().catch(nothing);
    replacing.add(replacement);
    replacement.then(() => replacing.delete(replacement));
  };

  /** Starts another worker. Tries again until it succeeds or the pool closes. */
  const replace = async (tries = 1): Promise<void> => {
    try {
      const worker = await start();
      if (drained) return worker.stop();
      add(worker);
      return void log.info('worker replaced', { pid: worker.pid });
    } catch (error) {
      log.error('worker not replaced', { error: describeFailure(error) });
      if (error instanceof WorkerEndedError && tries < mostKilledStarts && !drained) return replace(tries + 1);
      replacementFailed = true;
      if (workers.size === 0) dispatcher.refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
    }
    await sleep(retryMs, undefined, { signal: closing.signal });
    return replace();
  };

  const open = (texts: number) => {
    if (closing.signal.aborted || (replacementFailed && workers.size === 0)) throw new ApiError('MODEL_UNAVAILABLE');
    const request = dispatcher.open(texts);
    const classify = (text: string) => request.classify(text).catch(logCrash);
    return { classify, close: request.close };
  };

  const logCrash = (error: unknown): never => {
    if (error instanceof ApiError && error.code === 'MODEL_CRASHED')
      log.error('text refused after the workers that had it ended', { error: describeFailure(error) });
    throw error;
  };

  for (const worker of started) add(worker);
  const pool: Classifier = {
    labels: source.labels,
    maxTokens: source.maxTokens,
    // Here and not in a worker: it takes a fraction of a run, and the workers have their one queue for runs.
    countTokens: createTokenCounter(source),
    concurrency: options.workers * lanes,
    classify: async (text) => {
      const { classify, close } = open(1);
      return classify(text).finally(close);
    },
    countWaiting: dispatcher.waiting,
    forRequest: (texts, signal) => {
      const { classify, close } = open(texts);
      if (signal.aborted) close();
      signal.addEventListener('abort', close, { once: true });
      return { ...pool, classify, release: async () => close() };
    },
    release: async () => {
      closing.abort();
      await dispatcher.drained();
      drained = true;
      await Promise.all([...workers].map((worker) => worker.stop()));
      await Promise.all(replacing);
    },
  };
  return pool;
}

const nothing = () => undefined;
