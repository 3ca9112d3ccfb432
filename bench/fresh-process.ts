import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Milliseconds of a clock that all processes of this machine share. */
const now = () => performance.timeOrigin + performance.now();

/** The next message of a child. Throws if it ends without one. */
export async function receive<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  // Not `exit`, which can come before a message that was sent earlier.
  const abort = () => ended.abort();
  child.once('disconnect', abort);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message;
  } catch (cause) {
    throw new Error(`${child.spawnargs[1]} ended before it said anything.`, { cause });
  } finally {
    child.off('disconnect', abort);
  }
}

/** What a program said, once. */
export interface Fresh<T> {
  readonly message: T;
  /** When the process was asked for, in milliseconds of the clock that all processes share. */
  readonly startedAt: number;
  readonly output: string;
}

/** Runs a program in a process of its own to its end, and to the one message that it sends. */
export async function runFresh<T>(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Fresh<T>> {
  const startedAt = now();
  const child = fork(program, [...args], { env, execArgv: [], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close');
  const message = await receive<T>(child);
  await ended;
  return { message, startedAt, output };
}
