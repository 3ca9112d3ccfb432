import { type ChildProcess, fork } from 'node:child_process';
import type { Classification } from '../../layers/inference/index.ts';
import type { Order, Report, Start } from './protocol.ts';

/** A process that holds one session and answers one text at a time. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** @throws Error if the model fails on the text or the process ends before it answers. */
  classify(text: string): Promise<Classification>;
  /** Resolves with the way in which the process ended, for the log. */
  readonly ended: Promise<string>;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * A process of its own and not a thread: what native code does when it crashes then costs one request and not the
 * server. ONNX Runtime's telemetry must be off before a process starts.
 */
function startProcess(modulePath: string): ChildProcess {
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
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
  resolve(report: Report): void;
  reject(error: Error): void;
}

/** Gives one order at a time; a promise settles with the report on it, or with the end of the process. */
function createChannel(child: ChildProcess, ended: Promise<string>) {
  let waiting: Waiting | undefined;
  const fail = (reason: string) => waiting?.reject(new Error(reason));
  child.on('message', (report: Report) => waiting?.resolve(report));
  ended.then(fail);
  return (order: Order) =>
    new Promise<Report>((resolve, reject) => {
      waiting = { resolve, reject };
      child.send(order, (error) => error && fail(error.message));
    });
}

/**
 * Starts a worker and waits until its model is loaded.
 *
 * @param modulePath - the built local/worker.
 * @throws Error if the process ends or the model cannot be loaded; then no process is left behind.
 */
export async function startWorker(modulePath: string, start: Start): Promise<WorkerProcess> {
  const child = startProcess(modulePath);
  const ended = waitForEnd(child);
  const give = createChannel(child, ended);
  const stop = async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
  const report = await give({ start });
  if ('failure' in report) {
    await stop();
    throw new Error(report.failure);
  }
  return { pid: child.pid, ended, stop, classify: async (text) => readClassification(await give({ text })) };
}

function readClassification(report: Report): Classification {
  if ('classification' in report) return report.classification;
  throw new Error('failure' in report ? report.failure : 'a worker process answered out of turn');
}
