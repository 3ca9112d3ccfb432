// Runs a part in processes of its own, so that one that crashes is a finding and not the end of the campaign.
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, type Outcome, type Part, sumOutcomes } from './campaign.ts';

/** Where a part's code is, and how often and where it runs. */
export interface PartRun extends Omit<Context, 'folder'> {
  /** Address of the built module that exports the campaign. */
  readonly module: string;
  /** Path of child.mjs. */
  readonly child: string;
  readonly processes: number;
}

/** Milliseconds that a part has to stop in. */
const stopMs = 30_000;

/** Characters of a crashed process's last words. */
const tailLength = 2000;

/** Runs a part. A process that ends without an outcome is a finding. */
export async function runPart(part: Part, { processes, ...run }: PartRun): Promise<Outcome> {
  const shares = shareCases(run.count, part.parallel ? processes : 1);
  const outcomes = shares.map((count, index) => runShare(part, { ...run, count, seed: run.seed + index }));
  return sumOutcomes(await Promise.all(outcomes));
}

/** Divides cases among processes, of which none is left without. */
export function shareCases(count: number, processes: number): readonly number[] {
  const used = Math.max(1, Math.min(count, processes));
  return Array.from({ length: used }, (_, index) => Math.floor((count + index) / used));
}

type Share = Omit<PartRun, 'processes'>;

async function runShare(part: Part, share: Share): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'campaign-'));
  try {
    return await follow(part, { ...share, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function follow({ name }: Part, { module, child, signal, advance, ...rest }: Share & Context): Promise<Outcome> {
  const running = fork(child, [], {
    // A group of its own: Ctrl-C reaches only this process, which asks the other to stop.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  });
  const readTail = keepTail(running);
  let [tried, outcome]: [number, Outcome | undefined] = [0, undefined];
  running.on('message', (message: { readonly advance: number; readonly outcome?: Outcome }) => {
    tried += message.advance;
    advance(message.advance);
    outcome = message.outcome;
  });
  running.send({ module, name, ...rest });
  const forget = stopOnAbort(running, signal);
  running.once('exit', () => endGroup(running));
  return new Promise((resolve) => {
    running.once('close', (code, ended) => {
      forget();
      const crash = `A process with --seed ${rest.seed} --count ${rest.count} ended by ${ended ?? `status ${code}`} after ${tried} cases: ${readTail()}`;
      resolve(outcome ?? { count: tried, outcomes: { crashed: 1 }, findings: [crash] });
    });
  });
}

/** Ends a process and what it has started, such as servers, if there are any left. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks the process to stop, and ends it if it does not. Returns a function for when it has ended. */
function stopOnAbort(running: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (running.connected) running.send('stop');
    timer = setTimeout(() => endGroup(running), stopMs);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  };
}

/** Returns a function that gives the last words of a process, in one line. */
function keepTail({ stdout, stderr }: ChildProcess): () => string {
  let tail = '';
  for (const stream of [stdout, stderr])
    stream?.on('data', (data) => {
      tail = `${tail}${data}`.slice(-tailLength);
    });
  return () => tail.trim().replace(/\s+/g, ' ');
}
