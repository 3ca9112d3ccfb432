/** A piece of work that stops early when its signal is aborted. */
export type Task<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Runs tasks side by side. When one fails the others are told to stop; only when all have ended does this reject, with
 * the first failure (or the parent signal's reason), so that nothing still writes to what the caller cleans up.
 */
export async function runTogether<T extends readonly unknown[]>(
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

/** Lets at most `size` tasks run at once; the others wait in the order they came. */
export function createLimit(size: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = size;
  const enter = () => (free > 0 ? Promise.resolve(void free--) : new Promise<void>((go) => waiting.push(go)));
  // A place goes straight to the one who waits longest, so that a newcomer cannot take it in between.
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
