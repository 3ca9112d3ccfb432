import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../../functions/predict/errors.ts';
import type { Classifier, ModelSource } from '../../layers/inference/index.ts';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import { createDispatcher } from './dispatcher.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** How a pool is made. */
export interface PoolOptions {
  /** Path of the built local/worker. */
  readonly workerPath: string;
  /** Processes, each with a session of its own. */
  readonly workers: number;
  /** Threads of one run in one process. */
  readonly threads: number;
  /** Texts that may wait for a worker; one more is refused. */
  readonly queueDepth: number;
  readonly log: Log;
  /** Milliseconds between two tries to replace a worker. */
  readonly retryMs?: number;
}

type Start = () => Promise<WorkerProcess>;

/** All or none: if one cannot start, those that did are stopped. */
async function startAll(start: Start, count: number): Promise<WorkerProcess[]> {
  const starting = await Promise.allSettled(Array.from({ length: count }, start));
  const started = starting.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = starting.find((result) => result.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map((worker) => worker.stop()));
  throw failed.reason;
}

/**
 * Starts worker processes on a model's files and gives each text to one that is idle, in the order of asking. A worker
 * that ends is replaced, and the text it had fails.
 *
 * @throws Error if a worker cannot load the model; then no process is left behind.
 */
export async function startPool(source: ModelSource, options: PoolOptions): Promise<Classifier> {
  const start = () => startWorker(options.workerPath, { source, threads: options.threads });
  const workers = await startAll(start, options.workers);
  return createPool(source.labels, workers, { ...options, start });
}

function createPool(
  labels: readonly string[],
  started: readonly WorkerProcess[],
  options: PoolOptions & { start: Start },
): Classifier {
  const { queueDepth, log, retryMs = 2000, start } = options;
  const dispatcher = createDispatcher(queueDepth);
  const workers = new Set<WorkerProcess>();
  const closing = new AbortController();
  /** The last try to replace a worker failed: with no other worker there is nobody to wait for. */
  let hopeless = false;

  const add = (worker: WorkerProcess) => {
    workers.add(worker);
    dispatcher.add(worker);
    hopeless = false;
    log.debug('worker started', { pid: worker.pid });
    worker.ended.then((reason) => lose(worker, reason));
  };

  const lose = (worker: WorkerProcess, reason: string) => {
    workers.delete(worker);
    dispatcher.remove(worker);
    if (closing.signal.aborted) return;
    log.error('worker ended', { reason });
    replace().catch(nothing);
  };

  /** Tries until it succeeds or the pool closes. */
  const replace = async (): Promise<void> => {
    try {
      const worker = await start();
      if (closing.signal.aborted) return worker.stop();
      add(worker);
      return void log.info('worker replaced', { pid: worker.pid });
    } catch (error) {
      log.error('worker not replaced', { error: describeFailure(error) });
      hopeless = true;
      if (workers.size === 0) dispatcher.refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
    }
    await sleep(retryMs, undefined, { signal: closing.signal });
    return replace();
  };

  for (const worker of started) add(worker);
  return {
    labels,
    classify: async (text) => {
      if (closing.signal.aborted || (hopeless && workers.size === 0)) throw new ApiError('MODEL_UNAVAILABLE');
      return dispatcher.classify(text);
    },
    release: async () => {
      closing.abort();
      await dispatcher.drained();
      dispatcher.refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
      await Promise.all([...workers].map((worker) => worker.stop()));
    },
  };
}

const nothing = () => undefined;
