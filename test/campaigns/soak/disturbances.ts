// What happens while the requests are answered: another version becomes current, and workers are killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../../bench/texts.ts';
import { firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { publishCandidate } from '../../functions/promote/tiny-candidates.ts';

/** How often something happens. */
export interface Rhythm {
  readonly switchMs: number;
  /** Least and most time between two kills. Another worker has answered the text of the first by then. */
  readonly killMs: readonly [number, number];
}

/** The short form has as many disturbances in seconds as a long one in minutes. */
export const chooseRhythm = (count: number): Rhythm =>
  count < 200_000 ? { switchMs: 3000, killMs: [500, 1500] } : { switchMs: 60_000, killMs: [500, 5000] };

/** Publishes both versions of the tiny model, the first of them current. Returns the folder of the store. */
export async function publishBoth(folder: string): Promise<string> {
  const root = join(folder, 'store');
  await publishCandidate(root, { version: firstVersion }, { current: true });
  await publishCandidate(root, { version: secondVersion });
  return root;
}

/** Something that goes on until it is stopped. */
export interface Disturbance {
  /** Stops, and returns how often it happened. */
  stop(): Promise<number>;
  readonly findings: readonly string[];
}

function repeat(pause: () => number, task: () => Promise<string | undefined>): Disturbance {
  const stopping = new AbortController();
  const findings: string[] = [];
  let times = 0;
  const run = async () => {
    while (!stopping.signal.aborted) {
      await sleep(pause(), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      const fault = await task();
      if (fault) findings.push(fault);
      else times += 1;
    }
  };
  const running = run();
  const stop = async () => {
    stopping.abort();
    await running;
    return times;
  };
  return { stop, findings };
}

/** Makes the other version current, by `npm run model`. */
async function promote(dist: string, root: string, version: string): Promise<string | undefined> {
  const words = [join(dist, 'local', 'model.mjs'), 'promote', version, '--force', '--store', `file:${root}`];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const [code] = await once(child, 'close');
  return code === 0 ? undefined : `Version ${version} could not be promoted: ${said.trim()}`;
}

/** Switches to and fro between both versions. */
export function switchVersions({ switchMs }: Rhythm, { dist, root }: { readonly dist: string; readonly root: string }) {
  let current = firstVersion;
  return repeat(
    () => switchMs,
    async () => {
      current = current === firstVersion ? secondVersion : firstVersion;
      return promote(dist, root, current);
    },
  );
}

/** Process ids of a process's children. */
export const listChildren = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** A process that has ended by itself meanwhile is gone. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills a child of a process now and then: a worker, whether it works, starts or ends. */
export function killWorkers({ killMs: [least, most] }: Rhythm, pid: number, seed: number): Disturbance {
  const random = createRandom(seed);
  return repeat(
    () => least + random() * (most - least),
    async () => {
      const children = listChildren(pid);
      const victim = children[Math.floor(random() * children.length)];
      if (victim !== undefined) kill(victim);
      return undefined;
    },
  );
}
