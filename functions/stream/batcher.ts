import { setTimeout as sleep } from 'node:timers/promises';

/** Sends some items in one call. Returns the error of each item that was not taken, in the order of the items. */
export type Send<T> = (items: readonly T[]) => Promise<readonly (Error | undefined)[]>;

/** What one call may carry. */
export interface BatchLimits<T> {
  readonly items: number;
  readonly bytes: number;
  readonly sizeOf: (item: T) => number;
  /** Milliseconds before items that were not taken are sent again; doubled each time. */
  readonly pauseMs?: number;
}

interface Entry<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const attempts = 4;

/**
 * Creates a function that sends one item. Items that come in one turn of the event loop share calls, in their order. Items that
 * were not taken are sent again, up to three times; then the item's promise rejects. A call that fails altogether is not repeated,
 * because the AWS SDK has done that.
 */
export function createBatcher<T>(send: Send<T>, limits: BatchLimits<T>): (item: T) => Promise<void> {
  let waiting: Entry<T>[] = [];
  const flush = () => {
    const entries = waiting;
    waiting = [];
    for (const group of divide(entries, limits)) void sendGroup(group, send, limits.pauseMs ?? 100);
  };
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ item, resolve, reject });
    });
}

function divide<T>(entries: readonly Entry<T>[], { items, bytes, sizeOf }: BatchLimits<T>): Entry<T>[][] {
  const groups: Entry<T>[][] = [];
  let room = 0;
  for (const entry of entries) {
    const size = sizeOf(entry.item);
    const last = groups.at(-1);
    if (last && last.length < items && size <= room) last.push(entry);
    else {
      groups.push([entry]);
      room = bytes;
    }
    room -= size;
  }
  return groups;
}

async function sendGroup<T>(group: readonly Entry<T>[], send: Send<T>, pauseMs: number): Promise<void> {
  let left = group;
  try {
    for (let attempt = 1; left.length > 0; attempt += 1) {
      const errors = await send(left.map(({ item }) => item));
      for (const [index, { resolve }] of left.entries()) if (!errors[index]) resolve();
      if (attempt === attempts) for (const [index, { reject }] of left.entries()) rejectWith(reject, errors[index]);
      left = attempt === attempts ? [] : left.filter((_, index) => errors[index]);
      if (left.length > 0) await sleep(pauseMs * 2 ** (attempt - 1));
    }
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of left) reject(reason);
  }
}

const rejectWith = (reject: (error: Error) => void, error: Error | undefined) => error && reject(error);

interface BatchFailure {
  readonly Id: string | undefined;
  readonly Code: string | undefined;
  readonly Message?: string | undefined;
}

/** The errors in the answer of SQS or SNS to a batch whose entries have their places as ids: one for each entry, or undefined. */
export function readFailures(entries: number, failed: readonly BatchFailure[] = []): readonly (Error | undefined)[] {
  const errors = new Map(failed.map(({ Id, Code, Message = '' }) => [Id, new Error(`${Code}: ${Message}`)]));
  return Array.from({ length: entries }, (_, index) => errors.get(String(index)));
}
