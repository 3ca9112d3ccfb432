// The queue of texts in front of several workers. Requests take turns, so that a long list holds up nobody else.
import { ApiError, CallerGoneError } from '../functions/predict/errors.ts';
import type { Classification } from '../layers/inference/index.ts';

interface RequestState {
  /** Texts that have not begun to run. */
  left: number;
}

/** Answers texts. */
export interface Worker {
  /** Texts that it has at the same time; 1 if undefined. */
  readonly lanes?: number;
  /** @throws WorkerEndedError if the worker ends before it answers. */
  classify(text: string): Promise<Classification>;
}

/** A worker has ended before it answered a text. */
export class WorkerEndedError extends Error {
  override readonly name = 'WorkerEndedError';
  /** Whether the worker may have had the text. */
  readonly received: boolean;

  constructor(message: string, { received }: { readonly received: boolean }) {
    super(message);
    this.received = received;
  }
}

/** Workers that may end while they have the same text. It is refused then, so that a text that crashes them ends no more. */
const mostLost = 2;

interface Task {
  readonly request: RequestState;
  readonly text: string;
  /** Workers that ended while they had the text. */
  lost: number;
  resolve(answer: Classification): void;
  reject(error: Error): void;
}

/** A worker, and what it does. */
interface Slot {
  readonly worker: Worker;
  busy: number;
  /** True while it has a text that another worker lost. It takes no other text beside it. */
  alone: boolean;
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
  /** Adds a worker. It takes the texts whose turn it is. */
  add(worker: Worker): void;
  /** Removes a worker. It keeps the texts that it is working on. One that has ended is removed by itself. */
  remove(worker: Worker): void;
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
  /** Resolves when every text is answered or refused. */
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
 * A text whose worker ends is given to another worker, before all other texts. That worker has no other text meanwhile, so that
 * a text that crashes it is found out. The second worker that ends is the last one: the text rejects with `MODEL_CRASHED`.
 *
 * @param places - texts that may be in work or wait. Without a bound an overloaded server would answer every request late.
 */
export function createDispatcher(places: number): Dispatcher {
  const slots = new Set<Slot>();
  const turns = createTurns();
  /** Texts whose worker has ended. */
  let lost: Task[] = [];
  const open = new Set<RequestState>();
  const unsettled = new Set<Promise<unknown>>();

  const countWaiting = () => turns.count() + lost.length;

  /** Takes a text for a worker; undefined if there is none for it now. */
  const take = (slot: Slot): Task | undefined => {
    if (slot.alone || slot.busy === (slot.worker.lanes ?? 1)) return undefined;
    if (lost.length === 0) return turns.take();
    if (slot.busy > 0) return undefined;
    slot.alone = true;
    return lost.shift();
  };

  const fillAll = () => {
    for (const slot of slots) {
      if (countWaiting() === 0) return;
      for (let task = take(slot); task; task = take(slot)) run(slot, task);
    }
  };

  const run = async (slot: Slot, task: Task) => {
    slot.busy += 1;
    task.request.left = Math.max(0, task.request.left - 1);
    try {
      task.resolve(await slot.worker.classify(task.text));
    } catch (error) {
      if (error instanceof WorkerEndedError) giveBack(slot, task, error);
      else task.reject(error as Error);
    }
    slot.busy -= 1;
    slot.alone = false;
    // The worker that was idle longest comes first.
    if (slots.delete(slot)) slots.add(slot);
    fillAll();
  };

  const giveBack = (slot: Slot, task: Task, cause: WorkerEndedError) => {
    slots.delete(slot);
    if (cause.received) task.lost += 1;
    if (task.lost === mostLost) return task.reject(new ApiError('MODEL_CRASHED', { cause }));
    if (!open.has(task.request)) return task.reject(new CallerGoneError());
    task.request.left += 1;
    lost.push(task);
  };

  const takeLostOf = (request: RequestState): Task[] => {
    const tasks = lost.filter((task) => task.request === request);
    lost = lost.filter((task) => task.request !== request);
    return tasks;
  };

  const hasRoom = (texts: number) => {
    if (open.size >= places) return false;
    const taken = [...open].map(({ left }) => Math.max(1, left));
    const isOnlyList = taken.every((count) => count === 1);
    return texts === 1 || isOnlyList || taken.reduce((sum, count) => sum + count, texts) <= places;
  };

  const classify = (request: RequestState, text: string): Promise<Classification> => {
    if (!open.has(request)) return Promise.reject(new CallerGoneError());
    const answer = new Promise<Classification>((resolve, reject) => {
      turns.add({ request, text, lost: 0, resolve, reject });
    });
    const settled: Promise<unknown> = answer.then(nothing, nothing).then(() => unsettled.delete(settled));
    unsettled.add(settled);
    fillAll();
    return answer;
  };

  return {
    add: (worker) => {
      slots.add({ worker, busy: 0, alone: false });
      fillAll();
    },
    remove: (worker) => {
      for (const slot of slots) if (slot.worker === worker) slots.delete(slot);
    },
    waiting: countWaiting,
    open: (texts) => {
      if (!hasRoom(texts)) throw new ApiError('OVERLOADED');
      const request: RequestState = { left: texts };
      open.add(request);
      const close = () => {
        open.delete(request);
        for (const { reject } of [...takeLostOf(request), ...turns.takeOf(request)]) reject(new CallerGoneError());
      };
      return { classify: (text) => classify(request, text), close };
    },
    refuseWaiting: (error) => {
      for (const { reject } of [...lost.splice(0), ...turns.takeAll()]) reject(error);
    },
    drained: async () => {
      while (unsettled.size > 0) await Promise.all(unsettled);
    },
  };
}

const nothing = () => undefined;
