import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStaleCheck } from '../../../layers/prediction/current-model.ts';
import {
  createModelProvider,
  createWatch,
  type LoadedModel,
  loadModel,
  type Watch,
} from '../../../layers/prediction/index.ts';
import { configure, createRecord, loadTiny } from '../../functions/predict/tiny-service.ts';
import {
  createPointer,
  createTinyVersion,
  firstVersion,
  secondVersion,
  writeTinyStore,
} from '../../functions/predict/tiny-store.ts';

let model: LoadedModel;
beforeAll(async () => {
  model = await loadTiny();
});
afterAll(() => model.classifier.release());

/** Fails the given number of times, then returns the model. Counts its calls. */
function createLoader(failures: number) {
  const loader = {
    calls: 0,
    load: async () => {
      loader.calls += 1;
      await new Promise(setImmediate);
      if (loader.calls <= failures) throw new Error('S3 is away');
      return model;
    },
  };
  return loader;
}

it('loads once for all callers, early and late', async () => {
  const loader = createLoader(0);
  const provider = createModelProvider(loader.load);
  const early = await Promise.all(Array.from({ length: 100 }, () => provider.current()));
  const late = await provider.current();
  expect(new Set([...early, late])).toEqual(new Set([model]));
  expect(loader.calls).toBe(1);
});

it('rejects all waiting callers when a load fails, and tries again for the next caller', async () => {
  const loader = createLoader(1);
  const provider = createModelProvider(loader.load);
  const outcomes = await Promise.allSettled([provider.current(), provider.current()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await provider.current()).toBe(model);
  expect(loader.calls).toBe(2);
});

it('returns the loaded model without starting a load', async () => {
  const loader = createLoader(0);
  const provider = createModelProvider(loader.load);
  expect(provider.loaded()).toBeUndefined();
  expect(loader.calls).toBe(0);
  await provider.current();
  expect(provider.loaded()).toBe(model);
});

describe('a provider with a watch', () => {
  /** A provider of fake models. The scene records the order in which they are loaded and released. */
  function createScene({ failures = 0 } = {}) {
    const events: string[] = [];
    const { log, lines } = createRecord();
    const scene = { events, lines, time: 0, checks: 0, newest: 1, failuresLeft: failures };
    const load = async (): Promise<LoadedModel> => {
      const name = String(scene.newest);
      await new Promise(setImmediate);
      if (name !== '1' && scene.failuresLeft-- > 0) throw new Error('S3 is away');
      events.push(`load ${name}`);
      const release = async () => void events.push(`release ${name}`);
      return { manifest: { ...model.manifest, version: name }, classifier: { ...model.classifier, release } };
    };
    const watch: Watch = {
      isStale: async ({ manifest }) => {
        scene.checks += 1;
        return manifest.version !== String(scene.newest);
      },
      intervalMs: 60_000,
      log,
      now: () => scene.time,
    };
    const provider = createModelProvider(load, watch);
    const ask = () => provider.use(async ({ manifest }) => manifest.version);
    return { scene, provider, ask };
  }

  it('checks at most once per interval, for any number of requests', async () => {
    const { scene, provider, ask } = createScene();
    await provider.current();
    for (scene.time = 0; scene.time < 180_000; scene.time += 1000) {
      await Promise.all([ask(), ask(), ask()]);
      await provider.settled();
    }
    expect(scene.checks).toBe(2);
  });

  it('checks with the first request after a long pause, because a frozen process has no timers', async () => {
    const { scene, provider, ask } = createScene();
    await provider.current();
    scene.newest = 2;
    scene.time = 3_600_000;
    expect(await ask()).toBe('1');
    await provider.settled();
    expect(await ask()).toBe('2');
    expect(provider.loaded()?.manifest.version).toBe('2');
    expect((await provider.current()).manifest.version).toBe('2');
  });

  it('checks also after the clock was set back', async () => {
    const { scene, provider, ask } = createScene();
    scene.time = 10_000_000;
    await provider.current();
    scene.time = 0;
    await ask();
    expect(scene.checks).toBe(1);
  });

  it('answers with the old model while the new one loads, and releases it after its last task', async () => {
    const { scene, provider, ask } = createScene();
    await provider.current();
    let finish: () => void = () => undefined;
    const long = provider.use(async ({ manifest }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return manifest.version;
    });
    scene.newest = 2;
    scene.time = 60_000;
    expect(await Promise.all([ask(), ask()])).toEqual(['1', '1']);
    await provider.settled();
    expect(await ask()).toBe('2');
    expect(scene.events).toEqual(['load 1', 'load 2']);
    finish();
    expect(await long).toBe('1');
    await new Promise(setImmediate);
    expect(scene.events).toEqual(['load 1', 'load 2', 'release 1']);
  });

  it('releases the old model at once when no task uses it', async () => {
    const { scene, provider, ask } = createScene();
    await provider.current();
    scene.newest = 2;
    scene.time = 60_000;
    await ask();
    await provider.settled();
    await new Promise(setImmediate);
    expect(scene.events).toEqual(['load 1', 'load 2', 'release 1']);
  });

  it('keeps the old model when the new one cannot be loaded, logs that, and tries again after the interval', async () => {
    const { scene, provider, ask } = createScene({ failures: 1 });
    await provider.current();
    scene.newest = 2;
    scene.time = 60_000;
    await ask();
    await provider.settled();
    expect(await ask()).toBe('1');
    expect(scene.lines.at(-1)).toMatchObject({ level: 'warn', message: 'model not refreshed', modelVersion: '1' });
    scene.time = 120_000;
    await ask();
    await provider.settled();
    expect(await ask()).toBe('2');
  });

  it('rejects a task when no model is loaded', async () => {
    await expect(createScene().ask()).rejects.toThrow('no model is loaded');
  });
});

async function prepare() {
  const folder = await writeTinyStore();
  const configuration = configure(folder);
  const model = await loadModel(configuration, { log: createRecord().log });
  await model.classifier.release();
  return { path: join(folder, 'current.json'), isStale: createStaleCheck(configuration), model };
}

it('reports a model as stale only when another version is current', async () => {
  const { path, isStale, model } = await prepare();
  expect(await isStale(model)).toBe(false);
  await writeFile(path, createPointer(await createTinyVersion(secondVersion), secondVersion));
  expect(await isStale(model)).toBe(true);
});

it('does not report a model as stale when a hold is set', async () => {
  const { path, isStale, model } = await prepare();
  const pointer = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(
    path,
    JSON.stringify({ ...pointer, hold: { since: '2026-01-04T00:00:00Z', reason: 'manual check' } }),
  );
  expect(await isStale(model)).toBe(false);
  expect(await isStale(model)).toBe(false);
});

it('fails if the pointer cannot be read', async () => {
  const { path, isStale, model } = await prepare();
  await writeFile(path, 'damaged');
  await expect(isStale(model)).rejects.toThrow(/current\.json is not JSON/);
});

it('creates no watch for a service that is pinned to a version', async () => {
  const { log } = createRecord();
  const folder = await writeTinyStore();
  expect(createWatch(configure(folder, firstVersion), { log })).toBeUndefined();
  expect(createWatch(configure(folder), { log })).toMatchObject({ intervalMs: 60_000 });
});
