import { createModelProvider } from '../../../functions/predict/model-provider.ts';
import type { ServedModel } from '../../../functions/predict/served-model.ts';
import { loadTiny } from './tiny-service.ts';

let model: ServedModel;
beforeAll(async () => {
  model = await loadTiny();
});
afterAll(() => model.classifier.release());

/** Fails as often as told, then gives the model; counts how often it was asked. */
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

it('loads once, however many ask and whenever', async () => {
  const loader = createLoader(0);
  const provider = createModelProvider(loader.load);
  const early = await Promise.all(Array.from({ length: 100 }, () => provider.current()));
  const late = await provider.current();
  expect(new Set([...early, late])).toEqual(new Set([model]));
  expect(loader.calls).toBe(1);
});

it('lets all who wait share a failure, and tries again for the next', async () => {
  const loader = createLoader(1);
  const provider = createModelProvider(loader.load);
  const outcomes = await Promise.allSettled([provider.current(), provider.current()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await provider.current()).toBe(model);
  expect(loader.calls).toBe(2);
});

it('shows a loaded model without loading one', async () => {
  const loader = createLoader(0);
  const provider = createModelProvider(loader.load);
  expect(provider.loaded()).toBeUndefined();
  expect(loader.calls).toBe(0);
  await provider.current();
  expect(provider.loaded()).toBe(model);
});
