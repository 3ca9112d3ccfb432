import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStaleCheck, createWatch } from '../../../functions/predict/freshness.ts';
import { loadModel } from '../../../functions/predict/model.ts';
import { configure, createRecord } from './tiny-service.ts';
import { createPointer, createTinyVersion, firstVersion, secondVersion, writeTinyStore } from './tiny-store.ts';

async function prepare() {
  const folder = await writeTinyStore();
  const configuration = configure(folder);
  const model = await loadModel(configuration, { log: createRecord().log });
  await model.classifier.release();
  return { path: join(folder, 'current.json'), isStale: createStaleCheck(configuration), model };
}

it('finds a model fresh until another version is current', async () => {
  const { path, isStale, model } = await prepare();
  expect(await isStale(model)).toBe(false);
  await writeFile(path, createPointer(await createTinyVersion(secondVersion), secondVersion));
  expect(await isStale(model)).toBe(true);
});

it('does not take a hold for another version', async () => {
  const { path, isStale, model } = await prepare();
  const pointer = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(
    path,
    JSON.stringify({ ...pointer, hold: { since: '2026-01-04T00:00:00Z', reason: 'a look first' } }),
  );
  expect(await isStale(model)).toBe(false);
  expect(await isStale(model)).toBe(false);
});

it('fails if the pointer cannot be read, so that the model stays', async () => {
  const { path, isStale, model } = await prepare();
  await writeFile(path, 'damaged');
  await expect(isStale(model)).rejects.toThrow(/current\.json is not JSON/);
});

it('does not watch for a service that is pinned to a version', async () => {
  const { log } = createRecord();
  const folder = await writeTinyStore();
  expect(createWatch(configure(folder, firstVersion), { log })).toBeUndefined();
  expect(createWatch(configure(folder), { log })).toMatchObject({ intervalMs: 60_000 });
});
