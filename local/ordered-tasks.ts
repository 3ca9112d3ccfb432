interface Failure {
  readonly error: unknown;
}

/**
 * Runs a task for each item, so many at a time, and yields the results in the order of the items, each as soon as it and all
 * before it are there. The next item is asked for only while there is room, so that a slow reader of the results slows the source.
 *
 * @param ahead - items whose result is not yielded yet, at most.
 * @throws what the source or the first task that fails throws, after the results before it.
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T>,
  ahead: number,
  task: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const source = items[Symbol.asyncIterator]();
  const running: Promise<R>[] = [];
  let reading: Promise<IteratorResult<T> | Failure> | undefined = next(source);
  while (reading || running.length > 0) {
    const first = running[0]?.then(() => undefined);
    const waits = [...(first ? [first] : []), ...(reading && running.length < ahead ? [reading] : [])];
    const read: IteratorResult<T> | Failure | undefined = await Promise.race(waits);
    if (read === undefined) yield (await running.shift()) as R;
    else if ('error' in read) {
      running.push(watched(Promise.reject(read.error)));
      reading = undefined;
    } else if (read.done) reading = undefined;
    else {
      running.push(watched(task(read.value)));
      reading = next(source);
    }
  }
}

/** A failure is noticed when its turn comes, and must not end the process before. */
function watched<P extends Promise<unknown>>(promise: P): P {
  promise.catch(() => undefined);
  return promise;
}

/** Reads the next item. A failure of the source takes its place in the order. */
const next = <T>(source: AsyncIterator<T>): Promise<IteratorResult<T> | Failure> =>
  source.next().catch((error: unknown) => ({ error }));
