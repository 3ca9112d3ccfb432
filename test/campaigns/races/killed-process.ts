// A process that is killed while it works.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program and its words. */
export interface Program {
  readonly command: string;
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it writes the line `begun` when its work begins, after what it loads. */
  readonly saysBegun: boolean;
}

/** How a process ended. */
export interface Ended {
  /** Status, or null if it was killed. */
  readonly status: number | null;
  readonly output: string;
  /** From the beginning of its work. */
  readonly ms: number;
  /** Whether processes that it had started were still there. */
  readonly orphans: boolean;
}

const orphanMs = 5000;

const isGone = (group: number) => {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
};

/** Waits for the processes of a group to end. Those that stay are killed. */
async function endGroup({ pid = 0 }: ChildProcess): Promise<boolean> {
  for (const started = performance.now(); performance.now() - started < orphanMs; await sleep(50))
    if (isGone(pid)) return false;
  process.kill(-pid, 'SIGKILL');
  return true;
}

/** Runs a program in a process group of its own, and kills it so many milliseconds after its work has begun. */
export async function runKilled({ command, words, env, saysBegun }: Program, killAfterMs?: number): Promise<Ended> {
  const child = spawn(command, words, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, started] = ['', performance.now()];
  const ended = once(child, 'exit');
  const begun = new Promise<void>((resolve) => {
    if (!saysBegun) resolve();
    child.stdout.on('data', (data) => {
      output += data;
      if (output.includes('begun')) resolve();
    });
    child.once('exit', () => resolve());
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  await begun;
  started = performance.now();
  if (killAfterMs !== undefined) {
    await Promise.race([sleep(killAfterMs), ended]);
    child.kill('SIGKILL');
  }
  const [status] = await ended;
  return { status, output, ms: performance.now() - started, orphans: await endGroup(child) };
}
