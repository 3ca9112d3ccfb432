// Publishers and promoters at once, in processes of their own, and readers beside them.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { openModelStore, readPointer } from '../../../layers/model-store/index.ts';
import { createPointer, firstVersion } from '../../functions/predict/tiny-store.ts';
import { createCandidate } from '../../functions/promote/tiny-candidates.ts';
import type { Context, Outcome } from '../campaign.ts';
import { findLost } from './history.ts';
import type { Promoted, Way } from './promoter.ts';
import { startReaders } from './readers.ts';

/** What came of one number: its version was only published, or somebody tried to make it current. */
interface Told {
  readonly number: number;
  readonly version: string;
  readonly outcome: 'published' | 'won' | 'conflict';
  readonly previous?: string | undefined;
}

/** Where the race is run. */
export interface Place {
  readonly uri: string;
  put(key: string, bytes: Buffer): Promise<void>;
}

const publishers = 4;
const ways: readonly Way[] = ['command', 'function', 'command', 'function'];
const readers = 20;

/** Makes the first version current, and writes the files that every publisher copies. */
async function prepare({ put }: Place, folder: string): Promise<string> {
  const objects: Readonly<Record<string, Buffer>> = await createCandidate({ version: firstVersion });
  for (const [key, bytes] of Object.entries(objects)) await put(key, bytes);
  await put('current.json', createPointer(objects, firstVersion));
  const source = join(folder, 'source');
  await mkdir(source);
  for (const [key, bytes] of Object.entries(objects)) {
    const name = basename(key);
    await writeFile(join(source, name === 'manifest.json' ? 'template.json' : name), bytes);
  }
  return source;
}

/** Runs a publisher's process, or ends it when the signal is aborted. Rejects if it fails. */
async function runPublisher(order: object, onTold: (told: Told) => void, signal: AbortSignal): Promise<void> {
  const script = resolve('test', 'campaigns', 'races', 'publisher.py');
  const child = spawn(resolve('.venv', 'bin', 'python'), [script, JSON.stringify(order)], {
    env: { ...process.env, PYTHONPATH: resolve('training') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => child.kill();
  signal.addEventListener('abort', stop);
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  for await (const line of createInterface({ input: child.stdout })) if (line !== 'begun') onTold(JSON.parse(line));
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  signal.removeEventListener('abort', stop);
  if (child.exitCode !== 0 && !signal.aborted) throw new Error(`a publisher failed: ${errors.slice(-1000)}`);
}

function startPromoter(module: string, uri: string, way: Way, onPromoted: (promoted: Promoted) => void): ChildProcess {
  const program = resolve('test', 'campaigns', 'races', 'promoter-process.mjs');
  const child = fork(program, [module, uri, way]);
  child.on('message', onPromoted);
  child.once('exit', (status) => {
    if (status !== 0) throw new Error(`a promoter ended with ${status}`);
  });
  return child;
}

/** Versions that are published and wait for a promoter, and what came of all of them. */
function createLedger(promoters: readonly ((version: string) => void)[], advance: () => void) {
  const all: (Told | Promoted)[] = [];
  let [waiting, next] = [0, 0];
  let onDone: () => void = () => undefined;
  const add = (one: Told | Promoted) => {
    all.push(one);
    advance();
  };
  return {
    all,
    told: (told: Told) => {
      if (told.outcome !== 'published') return add(told);
      waiting += 1;
      return promoters[next++ % promoters.length]?.(told.version);
    },
    promoted: (promoted: Promoted) => {
      add(promoted);
      waiting -= 1;
      if (waiting === 0) onDone();
    },
    done: () =>
      new Promise<void>((resolve) => {
        onDone = resolve;
        if (waiting === 0) resolve();
      }),
  };
}

/** Every second publisher makes its version current itself; the versions of the others go to the promoters. */
function shareNumbers(count: number) {
  return Array.from({ length: publishers }, (_, index) => ({
    numbers: Array.from({ length: count }, (_, number) => number).filter((number) => number % publishers === index),
    promote: index % 2 === 0,
  }));
}

const countOf = (all: readonly (Told | Promoted)[], outcome: string) =>
  all.filter((one) => one.outcome === outcome).length;

/**
 * Runs the race.
 *
 * @param module - address of the built campaign, which promoters' processes import.
 */
export async function runRace(place: Place, module: string, context: Context): Promise<Outcome> {
  const { folder, count, advance, signal } = context;
  const { uri } = place;
  const source = await prepare(place, folder);
  const reading = startReaders(readers, () => openModelStore(uri), folder);
  const promoters = ways.map((way) => startPromoter(module, uri, way, (promoted) => ledger.promoted(promoted)));
  const ledger = createLedger(
    promoters.map((child) => (version) => void child.send({ version })),
    () => advance(1),
  );
  try {
    const orders = shareNumbers(count).filter(({ numbers }) => numbers.length > 0);
    await Promise.all(orders.map((order) => runPublisher({ ...order, uri, source }, ledger.told, signal)));
    if (!signal.aborted) await ledger.done();
  } finally {
    for (const child of promoters) child.disconnect();
  }
  const { reads, findings } = await reading.stop();
  const wins = ledger.all.filter(({ outcome }) => outcome === 'won');
  const { pointer } = await readPointer(openModelStore(uri));
  const lost = findLost(firstVersion, wins, pointer);
  const missing =
    ledger.all.length === count || signal.aborted
      ? []
      : [`${count - ledger.all.length} publishers or promoters never ended`];
  const outcomes = Object.fromEntries(['won', 'conflict', 'older'].map((name) => [name, countOf(ledger.all, name)]));
  return { count: ledger.all.length, outcomes: { ...outcomes, reads }, findings: [...findings, ...lost, ...missing] };
}
