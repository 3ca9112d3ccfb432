import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './clients.ts';

/** How a process is started. Its environment is this process's with `env` added, or `env` alone. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly onlyEnv?: boolean;
}

/** Starts a process. The error that `createError` makes has the end of its standard error. */
function start({ file, args, env, onlyEnv }: Command, pipes: 'pipe' | 'ignore') {
  const variables = onlyEnv ? env : { ...process.env, ...env };
  const child: ChildProcess = spawn(file, [...args], { env: variables, stdio: [pipes, pipes, 'pipe'] });
  let errors = '';
  const note = (text: unknown) => {
    errors = `${errors}${text}`.slice(-4000);
  };
  child.stderr?.on('data', note);
  const closed = once(child, 'close').catch(note);
  const createError = (what: string) => new Error(`${file} ${args.join(' ')} ${what}:\n${errors}`);
  return { child, pid: child.pid ?? 0, closed, createError };
}

/** Milliseconds from a process's start to its end. Throws if it fails. */
export async function timeProcess(command: Command): Promise<number> {
  const startedAt = performance.now();
  const { child, closed, createError } = start(command, 'ignore');
  await closed;
  if (child.exitCode !== 0) throw createError('failed');
  return performance.now() - startedAt;
}

/**
 * Starts a process that writes lines of JSON to standard output and reads them from standard input. `startedAt` is in
 * milliseconds of the clock that all processes of this machine share.
 */
export function startLines(command: Command) {
  const startedAt = performance.timeOrigin + performance.now();
  const { child, pid, closed, createError } = start(command, 'pipe');
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw createError('has no pipes');
  // Writing to a process that has ended fails. `read` throws the reason.
  stdin.on('error', () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  /** The next line that is JSON. Throws if the process ends. */
  async function read<T>(): Promise<T> {
    const { value, done } = await lines.next();
    if (done) await closed;
    if (done) throw createError('ended');
    return value.startsWith('{') ? JSON.parse(value) : read<T>();
  }
  const write = (order: unknown) => stdin.write(`${JSON.stringify(order)}\n`);
  const stop = async () => {
    stdin.end();
    await closed;
  };
  return { pid, startedAt, read, write, stop };
}

/** Below the ports that the system gives to clients, and rarely taken. */
const choosePort = () => 20_000 + Math.floor(Math.random() * 10_000);

const readyTimeoutMs = 180_000;

/** A process that answers over HTTP, at an address such as `http://127.0.0.1:41873`. */
export type Service = Awaited<ReturnType<typeof startService>>;

/**
 * Starts a service on some port. Waits until it has answered as often as it has processes, each of which loads its own model.
 *
 * @throws Error with the end of its standard error, if it ends or does not answer within three minutes.
 */
export async function startService(create: (port: number) => Command, processes: number) {
  const port = choosePort();
  const { child, pid, closed, createError } = start(create(port), 'ignore');
  const address = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await closed;
  };
  const ends = performance.now() + readyTimeoutMs;
  for (let answered = 0; answered < processes; ) {
    const { status } = await ask(`${address}/predict?sentence=good`);
    if (status === 200) answered += 1;
    else await sleep(200);
    if (child.exitCode === null && performance.now() < ends) continue;
    await stop();
    throw createError('did not become ready');
  }
  return { pid, address, stop };
}

/** Empty if the process has ended, or on a system without /proc. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

/** A process and all processes that it started. */
function listFamily(pid: number): number[] {
  const tasks = readProc(`${pid}/status`) === '' ? [] : readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => readProc(`${pid}/task/${task}/children`).match(/\d+/g) ?? []);
  return [pid, ...children.map(Number).flatMap(listFamily)];
}

/** Peak resident memory of a process and its children, in MiB, each at its own peak. It is 0 on a system without /proc. */
export function readPeakMemory(pid: number): number {
  const peaks = listFamily(pid).map((member) => /^VmHWM:\s+(\d+) kB$/m.exec(readProc(`${member}/status`))?.[1]);
  return peaks.reduce((sum, peak) => sum + Number(peak ?? 0), 0) / 1024;
}
