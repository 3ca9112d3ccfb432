// The pool's side of one worker process. The other side is worker.ts.
import { type ChildProcess, fork } from 'node:child_process';
import type { Classification, LoadOptions, ModelSource } from '../layers/inference/index.ts';
import { WorkerEndedError } from './dispatcher.ts';

/** What a worker process loads. */
export interface WorkerStart extends Pick<LoadOptions, 'threads' | 'device'> {
  readonly source: ModelSource;
}

/** From the pool to a worker. First `start`, then texts. The response has the same id. */
export type WorkerRequest = { readonly id: number } & ({ readonly start: WorkerStart } | { readonly text: string });

/** From a worker to the pool: one response for each request. */
export type WorkerResponse =
  | { readonly ready: true }
  | { readonly classification: Classification }
  | { readonly failure: string };

/** A process that holds one session. It may have several texts at the same time; on a CPU it answers one after the other. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /**
   * @throws Error if the model fails on the text.
   * @throws WorkerEndedError if the process ends before it answers.
   */
  classify(text: string): Promise<Classification>;
  /** Resolves when the process has ended, with the reason for the log. */
  readonly ended: Promise<string>;
  /** Ends the process and waits for its end. */
  stop(): Promise<void>;
}

/** glibc asks for pages of 2 MiB, from 2.35 on, and keeps the weights together. Other C libraries and systems ignore it. */
const largePages = 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.top_pad=16777216';

/** The environment of a worker, in large pages unless `GLIBC_TUNABLES` is set: docs/decisions/0091-large-pages-for-workers.md. */
export const createWorkerEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  GLIBC_TUNABLES: largePages,
  ...environment,
  ORT_DISABLE_TELEMETRY: '1',
});

/**
 * A worker is a process and not a thread, so that a crash of native code does not end the server. ONNX
 * Runtime's telemetry must be off before the process starts.
 */
function startProcess(modulePath: string): ChildProcess {
  const env = createWorkerEnvironment(process.env);
  return fork(modulePath, { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function waitForEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`worker process could not be reached: ${error.message}`));
    child.once('exit', (code, signal) => {
      resolve(`worker process ${child.pid} ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`);
    });
  });
}

interface Waiting {
  resolve(response: WorkerResponse): void;
  reject(error: Error): void;
}

/** Sends requests. Each promise resolves with the response and rejects when the process ends first. */
function createSender(child: ChildProcess, ended: Promise<string>) {
  const waiting = new Map<number, Waiting>();
  let sent = 0;
  const settle = (id: number): Waiting | undefined => {
    const request = waiting.get(id);
    waiting.delete(id);
    return request;
  };
  child.on('message', ({ id, ...response }: WorkerResponse & { readonly id: number }) => settle(id)?.resolve(response));
  ended.then((reason) => {
    for (const id of waiting.keys()) settle(id)?.reject(new WorkerEndedError(reason, { received: true }));
  });
  return (request: { readonly start: WorkerStart } | { readonly text: string }) =>
    new Promise<WorkerResponse>((resolve, reject) => {
      sent += 1;
      const id = sent;
      waiting.set(id, { resolve, reject });
      child.send({ id, ...request }, (error) => {
        if (error) settle(id)?.reject(new WorkerEndedError(error.message, { received: false }));
      });
    });
}

/**
 * Starts a worker and waits until its model is loaded.
 *
 * @param modulePath - path of the built worker.ts.
 * @throws Error if the process ends or the model cannot be loaded. No process is left behind.
 */
export async function startWorker(modulePath: string, start: WorkerStart): Promise<WorkerProcess> {
  const child = startProcess(modulePath);
  const ended = waitForEnd(child);
  const send = createSender(child, ended);
  const stop = async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
  const response = await send({ start });
  if ('failure' in response) {
    await stop();
    throw new Error(response.failure);
  }
  return { pid: child.pid, ended, stop, classify: async (text) => readClassification(await send({ text })) };
}

function readClassification(response: WorkerResponse): Classification {
  if ('classification' in response) return response.classification;
  throw new Error('failure' in response ? response.failure : 'a worker process answered out of turn');
}
