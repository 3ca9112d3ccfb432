import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelStore } from '../../../layers/model-store/index.ts';
import { pointTo, type SampleVersion } from './sample-version.ts';

/** An empty store, with functions that change it without the code under test. */
export interface StoreHarness {
  readonly store: ModelStore;
  put(key: string, bytes: Buffer | string): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Makes a new, empty folder. */
export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'model-store-'));

/** Puts a version's objects into a store, and makes it current. */
export async function publish(
  { put }: Pick<StoreHarness, 'put'>,
  sample: SampleVersion,
  { promote = true } = {},
): Promise<void> {
  for (const [key, bytes] of sample.objects) await put(key, bytes);
  if (promote) await put('current.json', pointTo(sample.manifest));
}

/** Lists the paths of all files in a folder. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
