/** Work that stops early when its signal is aborted. */
export type Task<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Runs tasks concurrently. When one fails, the signal of the others is aborted. The result rejects only when all tasks
 * have ended, so that none still writes to files that the caller removes. It rejects with the first failure, or with the parent signal's
 * reason.
 */
export async function runConcurrently<T extends readonly unknown[]>(
  tasks: readonly [...{ [I in keyof T]: Task<T[I]> }],
  parent?: AbortSignal,
): Promise<T> {
  parent?.throwIfAborted();
  const failure = new AbortController();
  const signal = parent ? AbortSignal.any([parent, failure.signal]) : failure.signal;
  const runs = tasks.map((task) =>
    task(signal).catch((error: unknown) => {
      failure.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(runs);
  if (failure.signal.aborted) throw parent?.aborted ? parent.reason : failure.signal.reason;
  return (await Promise.all(runs)) as unknown as T; // one result per task, in their order
}

/** Runs a task when fewer tasks run than the limit allows. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** Creates a limit: at most `size` tasks run at once, and the others wait in the order they came. */
export function createLimit(size: number): Limit {
  const waiting: (() => void)[] = [];
  let free = size;
  const enter = () => (free > 0 ? Promise.resolve(void free--) : new Promise<void>((go) => waiting.push(go)));
  // The task that has waited longest starts at once, so that a new task cannot start before it.
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return async (task) => {
    await enter();
    return task().finally(leave);
  };
}
