// More clients than there are places in the queue of `npm start`, each asking again as soon as it has an answer.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { type Load, loadForSeconds } from '../clients.ts';
import { commandBuilt } from '../contenders.ts';
import { startService } from '../processes.ts';
import { createRow } from '../results.ts';
import { takeTurns } from '../runner.ts';
import { createTexts } from '../texts.ts';
import { toTimes } from './load.ts';

const tokens = 8;
const settleMs = 1000;
const openingSeconds = 2;

interface Version {
  readonly name: string;
  /** The built project. */
  readonly folder: string;
  readonly workers: number;
}

interface Level {
  readonly load: Load;
  /** Resident memory of the server's own process after the load, in MiB. */
  readonly memory: number;
}

interface Subject {
  readonly version: Version;
  /** By the number of connections, one for each block. */
  readonly levels: Map<number, Level[]>;
}

const pick = ({ load }: Level, wanted: number): Load => ({
  ...load,
  replies: load.replies.filter(({ status }) => status === wanted),
});

const countPerSecond = (load: Load) => load.replies.length / load.seconds;

function readMemory(pid: number): number {
  const status = process.platform === 'linux' ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Starts the service anew and loads it with each number of connections, the smallest first. */
async function measureBlock(bench: Bench, { version, levels }: Subject, connections: readonly number[]) {
  const { folder, workers } = version;
  const seconds = bench.options.quick ? 3 : 5;
  const texts = createTexts(bench.words, tokens, 16);
  const createCommand = (port: number) =>
    commandBuilt(folder, bench.models.sample.store, ['--port', String(port), '--workers', String(workers)]);
  const service = await startService(createCommand, workers);
  try {
    await loadForSeconds(service.address, connections[0] ?? 1, texts, { measured: 1 });
    await sleep(settleMs);
    for (const count of connections) {
      const load = await loadForSeconds(service.address, count, texts, { opening: openingSeconds, measured: seconds });
      levels.set(count, [...(levels.get(count) ?? []), { load, memory: readMemory(service.pid) }]);
      // The texts of clients that have gone are still in the queue.
      await sleep(settleMs);
    }
  } finally {
    await service.stop();
  }
}

function listVersions({ options, paths }: Bench): Version[] {
  const folders = [{ name: 'this project', folder: join(paths.root, 'dist') }];
  if (options.before) folders.push({ name: 'before', folder: options.before });
  const counts = options.threads > 1 ? [1, options.threads] : [1];
  return counts.flatMap((workers) =>
    folders.map(({ name, folder }) => ({
      name: `${name}, ${workers} worker${workers > 1 ? 's' : ''}`,
      folder,
      workers,
    })),
  );
}

/** Answers, refusals, times and memory with as many connections as the queue has places, and with many more. */
export async function measureOverload(bench: Bench): Promise<void> {
  const connections = bench.options.quick ? [64, 512] : [64, 96, 128, 512, 2000];
  const subjects = listVersions(bench).map((version): Subject => ({ version, levels: new Map() }));
  await takeTurns('Overload', bench.options.blocks, subjects, (subject) => measureBlock(bench, subject, connections));
  const createRows = (what: string, unit: string, read: (level: Level) => number[]) =>
    subjects.flatMap(({ version, levels }) =>
      connections.map((count) => {
        const blocks = (levels.get(count) ?? []).map(read);
        return createRow(`${version.name}${what}`, unit, blocks, `${count} connections`);
      }),
    );
  const rates = [
    ...createRows(': answered', 'requests/s', (level) => [countPerSecond(pick(level, 200))]),
    ...createRows(': refused', 'requests/s', (level) => [countPerSecond(pick(level, 503))]),
  ];
  bench.save('overload', rates, { tokens });
  bench.save(
    'overload-times',
    createRows('', 'ms', (level) => toTimes(pick(level, 200))),
    { tokens },
  );
  bench.save(
    'overload-memory',
    createRows('', 'MiB', ({ memory }) => [memory]),
    { tokens },
  );
}
