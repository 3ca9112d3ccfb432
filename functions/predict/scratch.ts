import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from './configuration.ts';
import type { LoadedModel } from './model.ts';

/**
 * Removes what was fetched for a model that is no longer served: a function's disk is small, and switch after switch would
 * fill it. Only for a process that has the folder to itself, and never in a folder store, which is read in place.
 */
export async function removeFetched(
  { store, modelDirectory }: Pick<Configuration, 'store' | 'modelDirectory'>,
  { manifest }: Pick<LoadedModel, 'manifest'>,
): Promise<void> {
  if (!store.location.startsWith('s3://')) return;
  await rm(join(modelDirectory, 'versions', manifest.version), { recursive: true, force: true });
}
