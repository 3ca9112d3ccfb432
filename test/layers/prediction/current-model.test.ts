import { isInShare } from '../../../layers/model-store/index.ts';
import { chooseModel, createModelProvider, type LoadedModel, type Watch } from '../../../layers/prediction/index.ts';
import { createRecord, type LogLine, loadTiny } from '../../functions/predict/tiny-service.ts';

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

it('rejects all waiting callers when loads fail, and tries again for the next caller', async () => {
  const loader = createLoader(2);
  const provider = createModelProvider(loader.load);
  const outcomes = await Promise.allSettled([provider.current(), provider.current(), provider.current()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(loader.calls).toBe(2);
  expect(await provider.current()).toBe(model);
  expect(loader.calls).toBe(3);
});

it('tries again for a caller that came while a load ran which then fails', async () => {
  const loader = createLoader(1);
  const provider = createModelProvider(loader.load);
  const outcomes = await Promise.allSettled([provider.current(), provider.current()]);
  expect(outcomes).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: model }]);
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

interface Scene {
  readonly events: string[];
  readonly lines: readonly LogLine[];
  time: number;
  checks: number;
  newest: number;
  failuresLeft: number;
  candidate?: { readonly version: string; readonly share: number } | undefined;
}

describe('a provider with a watch', () => {
  /** A provider of fake models. The scene records the order in which they are loaded and released. */
  function createScene({ failures = 0 } = {}) {
    const events: string[] = [];
    const { log, lines } = createRecord();
    const scene: Scene = { events, lines, time: 0, checks: 0, newest: 1, failuresLeft: failures };
    const open = async (name: string): Promise<LoadedModel> => {
      await new Promise(setImmediate);
      if (name !== '1' && scene.failuresLeft-- > 0) throw new Error('S3 is away');
      events.push(`load ${name}`);
      const release = async () => void events.push(`release ${name}`);
      return { manifest: { ...model.manifest, version: name }, classifier: { ...model.classifier, release } };
    };
    const watch: Watch = {
      look: async () => {
        scene.checks += 1;
        return { version: String(scene.newest), candidate: scene.candidate };
      },
      loadCandidate: (version) => open(version),
      onCandidateFailed: (version) => events.push(`fail ${version}`),
      intervalMs: 60_000,
      log,
      now: () => scene.time,
    };
    const provider = createModelProvider(() => open(String(scene.newest)), watch);
    const ask = () => provider.use(async ({ manifest }) => manifest.version);
    const askFor = (text: string) => provider.use(async (served) => chooseModel(served, text).manifest.version);
    /** Looks for new versions, a minute later. */
    const look = async () => {
      scene.time += 60_000;
      await ask();
      await provider.settled();
      expect(provider.settled()).toBeUndefined();
      await new Promise(setImmediate);
    };
    return { scene, provider, ask, askFor, look };
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

  it('looks at once when it is asked to, and is done when the new model answers', async () => {
    const { scene, provider, ask } = createScene();
    await provider.refresh();
    expect(scene.checks).toBe(0);
    await provider.current();
    scene.newest = 2;
    await provider.refresh();
    expect(scene.checks).toBe(1);
    expect(await ask()).toBe('2');
  });

  it('rejects a task when no model is loaded', async () => {
    await expect(createScene().ask()).rejects.toThrow('no model is loaded');
  });

  describe('during a canary', () => {
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
    const chosen = texts.filter((text) => isInShare(text, 30));

    it('gives the candidate its share of the texts, equal texts to one version', async () => {
      const { scene, provider, askFor, look } = createScene();
      await provider.current();
      scene.candidate = { version: '2', share: 30 };
      await look();
      const versions = await Promise.all(texts.map(askFor));
      expect(texts.filter((_, index) => versions[index] === '2')).toEqual(chosen);
      expect(await Promise.all(texts.map(askFor))).toEqual(versions);
      expect(provider.loaded()?.manifest.version).toBe('1');
      expect(scene.events).toEqual(['load 1', 'load 2']);
    });

    it('takes another share without another load', async () => {
      const { scene, provider, askFor, look } = createScene();
      await provider.current();
      scene.candidate = { version: '2', share: 30 };
      await look();
      scene.candidate = { version: '2', share: 60 };
      await look();
      const versions = await Promise.all(texts.map(askFor));
      expect(texts.filter((_, index) => versions[index] === '2')).toEqual(texts.filter((text) => isInShare(text, 60)));
      expect(scene.events).toEqual(['load 1', 'load 2']);
    });

    it('makes the candidate the current model without another load', async () => {
      const { scene, provider, askFor, look } = createScene();
      await provider.current();
      scene.candidate = { version: '2', share: 30 };
      await look();
      scene.newest = 2;
      scene.candidate = undefined;
      await look();
      expect(new Set(await Promise.all(texts.map(askFor)))).toEqual(new Set(['2']));
      expect(provider.loaded()).not.toHaveProperty('candidate');
      expect((await provider.current()).manifest.version).toBe('2');
      expect(scene.events).toEqual(['load 1', 'load 2', 'release 1']);
    });

    it('releases a candidate that has gone after its last task, and before another one loads', async () => {
      const { scene, provider, ask, look } = createScene();
      await provider.current();
      scene.candidate = { version: '2', share: 30 };
      await look();
      let finish: () => void = () => undefined;
      const long = provider.use(() => new Promise<void>((resolve) => (finish = resolve)));
      scene.candidate = undefined;
      await look();
      expect(scene.events).toEqual(['load 1', 'load 2']);
      finish();
      await long;
      scene.candidate = { version: '3', share: 30 };
      await look();
      scene.candidate = { version: '4', share: 30 };
      await look();
      expect(scene.events).toEqual(['load 1', 'load 2', 'release 2', 'load 3', 'release 3', 'load 4']);
      expect(await ask()).toBe('1');
    });

    it('keeps the candidate when another version becomes current', async () => {
      const { scene, provider, askFor, look } = createScene();
      await provider.current();
      scene.candidate = { version: '3', share: 30 };
      await look();
      scene.newest = 2;
      await look();
      expect(new Set(await Promise.all(texts.map(askFor)))).toEqual(new Set(['2', '3']));
      expect(scene.events).toEqual(['load 1', 'load 3', 'load 2', 'release 1']);
    });

    it('answers everything with the current model while the candidate cannot be loaded, and tells it', async () => {
      const { scene, provider, askFor, look } = createScene({ failures: 1 });
      await provider.current();
      scene.candidate = { version: '2', share: 30 };
      await look();
      expect(new Set(await Promise.all(texts.map(askFor)))).toEqual(new Set(['1']));
      expect(scene.events).toEqual(['load 1', 'fail 2']);
      expect(scene.lines.at(-1)).toMatchObject({ level: 'error', message: 'candidate not loaded', modelVersion: '2' });
      await look();
      expect(scene.events).toEqual(['load 1', 'fail 2', 'load 2']);
    });
  });
});
