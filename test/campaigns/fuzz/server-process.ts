// The built server of `npm start` in a process of its own, and what can be seen of that from outside.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { threeClasses, writeTinyStore } from '../../functions/predict/tiny-store.ts';

/** A running server. */
export interface ServerProcess {
  readonly port: number;
  /** Bytes in memory; 0 where the system does not tell. */
  readMemory(): number;
  /** Open files and connections; 0 where the system does not tell. */
  countDescriptors(): number;
  /** The errors in its log since the last call, and how it ended if it has. */
  takeFaults(): readonly string[];
  stop(): Promise<void>;
}

interface Options {
  readonly dist: string;
  /** A folder for its model and its feedback. */
  readonly folder: string;
  readonly words: readonly string[];
}

/** Linux tells of a process by files. */
function readIfThere(read: () => number): number {
  try {
    return read();
  } catch {
    return 0;
  }
}

/** Starts the server on the tiny model of three classes. Resolves when it has its model. */
export async function startServerProcess({ dist, folder, words }: Options): Promise<ServerProcess> {
  const store = await writeTinyStore(join(folder, 'store'), threeClasses);
  const server = spawn(process.execPath, [join(dist, 'local', 'serve.mjs'), '--port', '0', '--quiet', ...words], {
    env: { ...process.env, MODEL_URI: pathToFileURL(store).href, MODEL_THREADS: '1', LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const faults: string[] = [];
  const ended = once(server, 'exit').then(([code, signal]) => {
    faults.push(`The server ended by ${signal ?? `status ${code}`}.`);
  });
  createInterface({ input: server.stdout }).on('line', (line) => void faults.push(line));
  const port = await new Promise<number>((resolve, reject) => {
    let found = 0;
    createInterface({ input: server.stderr }).on('line', (line) => {
      found ||= Number(/http:\/\/localhost:(\d+)/.exec(line)?.[1] ?? 0);
      if (line.startsWith('Ready')) resolve(found);
      else if (/error/i.test(line)) faults.push(line);
    });
    ended.then(() => reject(new Error(`The server ended before it was ready: ${faults.join(' ')}`)));
  });
  return {
    port,
    readMemory: () =>
      readIfThere(() => 4096 * Number(readFileSync(`/proc/${server.pid}/statm`, 'latin1').split(' ')[1])),
    countDescriptors: () => readIfThere(() => readdirSync(`/proc/${server.pid}/fd`).length),
    takeFaults: () => faults.splice(0),
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}
