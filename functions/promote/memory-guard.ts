// Bounds the memory that a candidate takes while it is opened and run. The operators of a graph can make gigabytes of a few
// bytes, and ONNX Runtime has no setting that limits them: docs/decisions/0084-damaged-and-malicious-versions.md.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Memory that opening and running a model may take beside copies of its file: the longest text takes 83 MB in BERT-base. */
const spareBytes = 192 << 20;

/** Copies of the model that ONNX Runtime may hold: the mapped file and weights that are laid out for the processor. */
const copies = 3;

/**
 * The guard runs on a thread of its own, because a run blocks this one. It ends the process, because nothing else ends a run.
 * It is a text, so that it needs no file beside the function's bundle.
 */
const guard = `
const { parentPort, workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const check = () => {
  if (process.memoryUsage.rss() <= workerData.most) return;
  writeSync(2, workerData.message + '\\n');
  process.kill(process.pid, 'SIGKILL');
};
setInterval(check, 2);
parentPort.postMessage('ready');
`;

/** What is judged: for the message, and the bytes of all models that are opened. */
export interface Guarded {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Runs a task that opens models. If the memory of the process grows by more than three times their bytes and 192 MiB, the
 * process writes a line to stderr and ends. Nothing is promoted then.
 */
export async function guardMemory<T>({ name, bytes }: Guarded, task: () => Promise<T>): Promise<T> {
  const allowed = copies * bytes + spareBytes;
  const message = `Judging ${name} takes more than ${Math.ceil(allowed / 2 ** 20)} MiB: its model.onnx, tokenizer.json or golden.json fills the memory. The process ends, and nothing is promoted.`;
  const workerData = { most: process.memoryUsage.rss() + allowed, message };
  const worker = new Worker(guard, { eval: true, workerData });
  try {
    await once(worker, 'message');
    return await task();
  } finally {
    await worker.terminate();
  }
}
