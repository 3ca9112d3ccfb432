import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a contender's process is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** What an engine is asked: pass over the texts until the seconds are over and at least so many passes are made. */
export interface Order {
  readonly texts: readonly string[];
  readonly seconds: number;
  readonly least: number;
}

/** What it answers. */
export interface Timing {
  /** Milliseconds of each text in each pass. */
  readonly ms: readonly (readonly number[])[];
  /** Probability of "positive" of each text. */
  readonly positive: readonly number[];
}

/** A contender in a process of its own, which times itself: the way to it costs nothing. */
export interface Engine {
  readonly pid: number;
  /** In its own words: versions, threads, options. */
  readonly about: string;
  measure(order: Order): Promise<Timing>;
  stop(): Promise<void>;
}

function createLines(child: ChildProcess, describe: () => string) {
  if (!child.stdout) throw new Error('the process has no standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${describe()}`);
    return JSON.parse(value);
  };
}

/**
 * Starts an engine and waits until its model is loaded.
 *
 * @throws Error with the last of what the process said on standard error, if it ends.
 */
export async function startEngine({ file, args, env }: Command): Promise<Engine> {
  const child = spawn(file, [...args], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-2000);
  });
  const ended = once(child, 'close');
  ended.catch(() => undefined);
  const next = createLines(child, () => `${file} ${args.join(' ')} ended:\n${complaints}`);
  const { ready } = (await next()) as { ready: string };
  return {
    pid: child.pid ?? 0,
    about: ready,
    measure: async (order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      return (await next()) as Timing;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
