import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWatch, loadModel } from '../../../layers/prediction/index.ts';
import { createLook } from '../../../layers/prediction/pointer-watch.ts';
import { configure, createRecord } from '../../functions/predict/tiny-service.ts';
import {
  createPointer,
  createTinyVersion,
  firstVersion,
  secondVersion,
  writeTinyStore,
} from '../../functions/predict/tiny-store.ts';

const wanted = { version: firstVersion, candidate: { version: secondVersion, share: 20 } };

/** A model that was loaded from a store of its own, and the look at that store. With a time there is a canary until then. */
async function prepare(until?: Date) {
  const folder = await writeTinyStore();
  const path = join(folder, 'current.json');
  if (until) await writeFile(path, await offerSecond(await readFile(path, 'utf8'), until));
  const configuration = configure(folder);
  const model = await loadModel(configuration, { log: createRecord().log });
  await model.classifier.release();
  return { path, look: createLook(configuration), model, store: configuration.store };
}

async function offerSecond(text: string, until: Date): Promise<string> {
  const { manifest } = JSON.parse(String(createPointer(await createTinyVersion(secondVersion), secondVersion)));
  const candidate = { version: secondVersion, manifest, share: 20, since: '2026-01-04T00:00:00Z', until };
  return JSON.stringify({ ...JSON.parse(text), candidate });
}

it('sees the version that is current', async () => {
  const { path, look, model } = await prepare();
  expect(await look(model)).toEqual({ version: firstVersion, candidate: undefined });
  await writeFile(path, createPointer(await createTinyVersion(secondVersion), secondVersion));
  expect(await look(model)).toEqual({ version: secondVersion, candidate: undefined });
});

it('sees a candidate while its canary runs, from the pointer that the model was loaded by as from a later one', async () => {
  const until = new Date(Date.now() + 60_000);
  const offered = await prepare(until);
  expect(await offered.look(offered.model)).toEqual(wanted);
  const { path, look, model, store } = await prepare();
  expect(await look(model)).toEqual({ version: firstVersion, candidate: undefined });
  await writeFile(path, await readFile(offered.path));
  for (let times = 0; times < 2; times++) expect(await look(model)).toEqual(wanted);
  const late = createLook({ store }, () => new Date(until.getTime() + 3_600_000));
  expect(await late(model)).toEqual({ version: firstVersion, candidate: undefined });
});

it('sees no candidate under a hold', async () => {
  const { path, look, model } = await prepare(new Date(Date.now() + 60_000));
  const pointer = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(
    path,
    JSON.stringify({ ...pointer, hold: { since: '2026-01-04T00:00:00Z', reason: 'manual check' } }),
  );
  for (let times = 0; times < 2; times++)
    expect(await look(model)).toEqual({ version: firstVersion, candidate: undefined });
});

it('fails if the pointer cannot be read', async () => {
  const { path, look, model } = await prepare();
  await writeFile(path, 'damaged');
  await expect(look(model)).rejects.toThrow(/current\.json is not JSON/);
});

it('creates no watch for a service that is pinned to a version', async () => {
  const { log } = createRecord();
  const folder = await writeTinyStore();
  expect(createWatch(configure(folder, firstVersion), { log })).toBeUndefined();
  expect(createWatch(configure(folder), { log })).toMatchObject({ intervalMs: 60_000 });
});
