// The queue of texts in front of several workers. Requests take turns, so that a long list holds up nobody else.
import { ApiError, CallerGoneError } from '../functions/predict/errors.ts';
import type { Classification } from '../layers/inference/index.ts';

interface RequestState {
  /** Texts that have not begun to run. */
  left: number;
}

/** Answers one text at a time. */
export interface Worker {
  classify(text: string): Promise<Classification>;
}

interface Task {
  readonly request: RequestState;
  readonly text: string;
  resolve(answer: Promise<Classification>): void;
  reject(error: Error): void;
}

/** A request that was let in. */
export interface OpenRequest {
  /** Runs a text when it has its turn. It may be called more often than the request has texts. */
  classify(text: string): Promise<Classification>;
  /** Gives up the places of the request. Its texts that still wait are dropped: they reject with `CallerGoneError`. */
  close(): void;
}

/** Hands texts to workers. */
export interface Dispatcher {
  /** Adds a worker. It takes the text whose turn it is. */
  add(worker: Worker): void;
  /** Removes a worker. It keeps the text that it is working on. */
  remove(worker: Worker): void;
  /** Number of workers, idle or not. */
  size(): number;
  /** Number of texts that wait. */
  waiting(): number;
  /**
   * Lets a request in. It has a place for each of its texts until the text begins to run, and one until it is closed.
   *
   * A single text is refused if there are as many open requests as places. A list is also refused if there are not enough
   * places for all its texts, unless it is the only list: it may have more texts than there are places.
   *
   * @param texts - how many texts the request has.
   * @throws ApiError `OVERLOADED` if there is no room.
   */
  open(texts: number): OpenRequest;
  /** Refuses the texts that wait. */
  refuseWaiting(error: Error): void;
  /** Resolves when no text waits and no worker is busy. */
  drained(): Promise<void>;
}

/** The waiting texts of all requests, in the order of turns. */
function createTurns() {
  const turns = new Map<RequestState, Task[]>();
  let texts = 0;
  return {
    count: () => texts,
    add: (task: Task) => {
      const tasks = turns.get(task.request) ?? [];
      tasks.push(task);
      turns.set(task.request, tasks);
      texts += 1;
    },
    /** Takes a text of the request whose turn it is, and puts the request at the end. */
    take: (): Task | undefined => {
      for (const [request, tasks] of turns) {
        turns.delete(request);
        if (tasks.length > 1) turns.set(request, tasks);
        texts -= 1;
        return tasks.shift();
      }
      return undefined;
    },
    takeOf: (request: RequestState): Task[] => {
      const tasks = turns.get(request) ?? [];
      turns.delete(request);
      texts -= tasks.length;
      return tasks;
    },
    takeAll: (): Task[] => {
      const tasks = [...turns.values()].flat();
      turns.clear();
      texts = 0;
      return tasks;
    },
  };
}

/**
 * Gives each text to an idle worker. While there is none, texts wait. Requests with waiting texts take turns, a text each, in
 * the order in which they came.
 *
 * @param queueDepth - texts that may wait. Without a bound an overloaded server would answer every request late.
 */
export function createDispatcher(queueDepth: number): Dispatcher {
  const workers = new Set<Worker>();
  const idle = new Set<Worker>();
  const turns = createTurns();
  const open = new Set<RequestState>();
  const running = new Set<Promise<unknown>>();

  const run = (worker: Worker, { request, text, resolve }: Task) => {
    idle.delete(worker);
    request.left = Math.max(0, request.left - 1);
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
    const task = turns.take();
    if (task) run(worker, task);
    else idle.add(worker);
  };

  const hasRoom = (texts: number) => {
    const places = workers.size + queueDepth;
    if (open.size >= places) return false;
    const taken = [...open].map(({ left }) => Math.max(1, left));
    const isOnlyList = taken.every((count) => count === 1);
    return texts === 1 || isOnlyList || taken.reduce((sum, count) => sum + count, texts) <= places;
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
    waiting: turns.count,
    open: (texts) => {
      if (!hasRoom(texts)) throw new ApiError('OVERLOADED');
      const request: RequestState = { left: texts };
      open.add(request);
      const classify = (text: string) =>
        new Promise<Classification>((resolve, reject) => {
          if (!open.has(request)) throw new CallerGoneError();
          const task = { request, text, resolve, reject };
          const [worker] = idle;
          if (worker) run(worker, task);
          else turns.add(task);
        });
      const close = () => {
        open.delete(request);
        for (const { reject } of turns.takeOf(request)) reject(new CallerGoneError());
      };
      return { classify, close };
    },
    refuseWaiting: (error) => {
      for (const { reject } of turns.takeAll()) reject(error);
    },
    drained: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

const nothing = () => undefined;
