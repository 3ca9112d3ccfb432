import { addAbortSignal, type Readable } from 'node:stream';
import { TransferError } from './errors.ts';
import type { Cancellable } from './types.ts';

/** Watches one request: its signal is aborted when no byte has come for too long, or when the caller gives up. */
export interface StallWatch {
  readonly signal: AbortSignal;
  pause(): void;
  resume(): void;
}

interface WatchOptions extends Cancellable {
  readonly stallMs: number;
}

/** Silence is counted in so many ticks: while the thread is busy (loading a session, say) hardly any of them pass. */
const ticks = 8;

/** Runs a request under a watch that starts at once. A stall rejects with a `TransferError`. */
export async function watchForStall<T>(
  { stallMs, signal }: WatchOptions,
  use: (watch: StallWatch) => Promise<T>,
): Promise<T> {
  const stall = new AbortController();
  const both = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  let quiet = 0;
  let paused = false;
  const timer = setInterval(() => {
    if (!paused && ++quiet === ticks) stall.abort(new TransferError(`no byte arrived for ${stallMs / 1000} s`));
  }, stallMs / ticks);
  const setPaused = (value: boolean) => {
    paused = value;
    quiet = 0;
  };
  try {
    return await use({ signal: both, pause: () => setPaused(true), resume: () => setPaused(false) });
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** The body's chunks as they arrive. Time that the reader spends on a chunk is not counted as a stall. */
export async function* readChunks(body: Readable, watch: StallWatch): AsyncGenerator<Buffer> {
  for await (const chunk of addAbortSignal(watch.signal, body)) {
    watch.pause();
    yield chunk;
    watch.resume();
  }
}
