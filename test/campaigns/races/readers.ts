// Readers that look at the current version all the time, and must never see a part of one.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkComplete,
  type ModelStore,
  pullFile,
  pullModel,
  readManifest,
} from '../../../layers/model-store/index.ts';

/** Readers at work. */
export interface Readers {
  /** Ends them; returns how often the current version was read, and what was wrong. */
  stop(): Promise<{ readonly reads: number; readonly findings: readonly string[] }>;
}

/** Reads the current version as serving does, and then its manifest and all other files. Each byte is verified. */
export async function readCurrent(store: ModelStore, folder: string): Promise<void> {
  const directory = await mkdtemp(join(folder, 'reader-'));
  try {
    const { manifest } = await pullModel(store, { directory });
    await checkComplete(store, manifest);
    const own = await readManifest(store, manifest.version);
    for (const { role } of own.files) await pullFile(store, own, { role, directory });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const pauseMs = 20;

/** Starts readers, each with a store of its own. */
export function startReaders(count: number, openStore: () => ModelStore, folder: string): Readers {
  let isRunning = true;
  let reads = 0;
  const findings: string[] = [];
  const read = async () => {
    const store = openStore();
    while (isRunning) {
      await readCurrent(store, folder).catch((error: unknown) =>
        findings.push(`a reader saw a half version: ${error}`),
      );
      reads += 1;
      await sleep(pauseMs);
    }
  };
  const running = Array.from({ length: count }, read);
  const stop = async () => {
    isRunning = false;
    await Promise.all(running);
    return { reads, findings };
  };
  return { stop };
}
