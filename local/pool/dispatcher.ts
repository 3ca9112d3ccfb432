import { ApiError } from '../../functions/predict/errors.ts';
import type { Classification } from '../../layers/inference/index.ts';

/** Answers one text at a time. */
export interface Worker {
  classify(text: string): Promise<Classification>;
}

interface Task {
  readonly text: string;
  resolve(answer: Promise<Classification>): void;
  reject(error: Error): void;
}

/** Hands texts to workers. */
export interface Dispatcher {
  /** Counts a worker in; it takes the text that has waited longest. */
  add(worker: Worker): void;
  /** Takes a worker out; the text that it has is still its own. */
  remove(worker: Worker): void;
  /** How many workers there are, idle or not. */
  size(): number;
  /** @throws ApiError `OVERLOADED` if as many texts wait as may. */
  classify(text: string): Promise<Classification>;
  /** Refuses the texts that wait. */
  refuseWaiting(error: Error): void;
  /** Resolves when no text waits and no worker is at work. */
  drained(): Promise<void>;
}

/**
 * Gives each text to an idle worker; while there is none, texts wait in the order of asking.
 *
 * @param queueDepth - texts that may wait. Without a bound a server that is asked too much would answer everybody late.
 */
export function createDispatcher(queueDepth: number): Dispatcher {
  const workers = new Set<Worker>();
  const idle = new Set<Worker>();
  const queue: Task[] = [];
  const running = new Set<Promise<unknown>>();

  const run = (worker: Worker, { text, resolve }: Task) => {
    idle.delete(worker);
    const answer = worker.classify(text);
    resolve(answer);
    const settled = answer.then(nothing, nothing).then(() => {
      running.delete(settled);
      takeNext(worker);
    });
    running.add(settled);
  };

  const takeNext = (worker: Worker) => {
    if (!workers.has(worker)) return;
    const task = queue.shift();
    if (task) run(worker, task);
    else idle.add(worker);
  };

  return {
    add: (worker) => {
      workers.add(worker);
      takeNext(worker);
    },
    remove: (worker) => {
      workers.delete(worker);
      idle.delete(worker);
    },
    size: () => workers.size,
    classify: (text) =>
      new Promise((resolve, reject) => {
        const [worker] = idle;
        if (worker) run(worker, { text, resolve, reject });
        else if (queue.length < queueDepth) queue.push({ text, resolve, reject });
        else reject(new ApiError('OVERLOADED'));
      }),
    refuseWaiting: (error) => {
      for (const { reject } of queue.splice(0)) reject(error);
    },
    drained: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

const nothing = () => undefined;
