import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readJudgingConfiguration } from '../../../functions/promote/configuration.ts';
import { judgeVersion } from '../../../functions/promote/judgement.ts';
import { openModelStore, readManifest } from '../../../layers/model-store/index.ts';
import { threeClasses } from '../predict/tiny-store.ts';
import { type Candidate, makeRoot, publishCandidate, versions } from './tiny-candidates.ts';

const [champion, candidate] = versions;
// The tiny model runs for microseconds, so that the ratio of two medians is random.
const configuration = readJudgingConfiguration({ LATENCY_RATIO: '1000', MODEL_THREADS: '1' });

async function prepare(changes: Partial<Candidate> = {}, current: Partial<Candidate> = {}) {
  const root = await makeRoot();
  await publishCandidate(root, { version: champion, accuracy: 0.9, ...current }, { current: true });
  await publishCandidate(root, { version: candidate, accuracy: 0.9, ...changes });
  return { root, store: openModelStore(pathToFileURL(root).href) };
}

async function judge({ store }: Awaited<ReturnType<typeof prepare>>) {
  const verdict = await judgeVersion({ store, configuration }, candidate, await readManifest(store, champion));
  const failed = verdict.checks.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`);
  return { outcome: verdict.outcome, failed, verdict };
}

it('accepts a version that answers as in training and is not worse than the current one', async () => {
  const { outcome, verdict } = await judge(await prepare());
  expect(outcome).toBe('accepted');
  expect(verdict).toMatchObject({ schema: 1, version: candidate, champion });
  expect(verdict.checks.map(({ name }) => name)).toEqual(['files', 'accuracy', 'size', 'golden', 'latency']);
  expect(verdict.checks.find(({ name }) => name === 'golden')).toMatchObject({ cases: 7 });
});

it('accepts without a comparison when there is no current version', async () => {
  const { store } = await prepare({ accuracy: 0.5 });
  const { outcome, champion: other } = await judgeVersion({ store, configuration }, candidate, undefined);
  expect({ outcome, other }).toEqual({ outcome: 'accepted', other: null });
});

it.each([
  [0.898, 'accepted'],
  [0.8979, 'refused'],
])('allows a loss of accuracy up to the tolerance: %d is %s', async (accuracy, expected) => {
  expect((await judge(await prepare({ accuracy }))).outcome).toBe(expected);
});

const three = { labels: threeClasses, accuracy: 0.75 };

it('compares a candidate of three classes with a champion of three', async () => {
  expect(await judge(await prepare(three, three))).toMatchObject({ outcome: 'accepted', failed: [] });
  const { failed } = await judge(await prepare({ ...three, accuracy: 0.7 }, three));
  expect(failed).toEqual(['accuracy: 0.7 against 0.75, at least 0.748 wanted']);
});

it('compares without neutral if only one of candidate and champion has it', async () => {
  const { outcome, verdict } = await judge(await prepare(three));
  expect(outcome).toBe('accepted');
  expect(verdict.checks.find(({ name }) => name === 'accuracy')).toMatchObject({
    detail: '0.9 against 0.9, at least 0.898 wanted, without neutral, which only one of them has',
    polar: true,
  });
  const { failed } = await judge(await prepare({ accuracy: 0.88 }, three));
  expect(failed).toEqual([expect.stringMatching(/^accuracy: 0\.88 against 0\.9, at least 0\.898 wanted, without/)]);
});

it('refuses a candidate of three classes that has no figures to compare with a champion of two', async () => {
  const manifest: Candidate['manifest'] = (whole) => ({ ...whole, metrics: { ...whole.metrics, polar: undefined } });
  const { failed } = await judge(await prepare({ ...three, manifest }));
  expect(failed).toEqual(['accuracy: the version with the class neutral has no polar figures']);
});

it('refuses a model of three classes whose classes are in another order than in training', async () => {
  const manifest: Candidate['manifest'] = (whole) => ({ ...whole, labels: threeClasses.toReversed() });
  const falsify: Candidate['falsify'] = (cases) =>
    cases.map((each) => ({ ...each, served: each.served.toReversed(), reference: each.reference.toReversed() }));
  expect((await judge(await prepare({ ...three, manifest, falsify }))).failed).toEqual([
    expect.stringMatching(/^golden: .+another label in the texts/),
  ]);
});

it('refuses a model that gives other probabilities than in training, and names the texts', async () => {
  const falsify: Candidate['falsify'] = (cases) =>
    cases.map((each, index) => (index === 2 ? { ...each, served: [0.5, 0.5] } : each));
  const { outcome, failed } = await judge(await prepare({ falsify }));
  expect(outcome).toBe('refused');
  expect(failed).toEqual([
    expect.stringMatching(/^golden: 7 golden texts: the percentile90 difference is .+ in the texts 2; /),
  ]);
});

it('refuses a tokenizer that gives other ids than in training', async () => {
  const falsify: Candidate['falsify'] = ([first, ...rest]) => [{ ...first, ids: [2, 7, 3] }, ...rest];
  expect((await judge(await prepare({ falsify }))).failed).toEqual([
    expect.stringContaining('other ids in the texts 0'),
  ]);
});

it('refuses a difference of 2e-5 and not one of 5e-6', async () => {
  const shift = (by: number) => (cases: { readonly served: readonly number[] }[]) =>
    cases.map((each) => ({ ...each, served: each.served.map((value) => value + by) }));
  expect((await judge(await prepare({ falsify: shift(2e-5) }))).outcome).toBe('refused');
  expect((await judge(await prepare({ falsify: shift(5e-6) }))).outcome).toBe('accepted');
});

it.each([
  [
    'a file that is not the published one',
    (root: string) => writeFile(join(root, 'model.onnx'), 'x'),
    /model\.onnx has 1 bytes/,
  ],
  ['a file that is not there', (root: string) => rm(join(root, 'tokenizer.json')), /tokenizer\.json missing/],
  ['golden texts that are not there', (root: string) => rm(join(root, 'golden.json')), /golden\.json missing/],
])('refuses %s', async (_, damage, reason) => {
  const prepared = await prepare();
  await damage(join(prepared.root, 'versions', candidate));
  const { outcome, failed } = await judge(prepared);
  expect(outcome).toBe('refused');
  expect(failed).toEqual([expect.stringMatching(/^files: /)]);
  expect(failed[0]).toMatch(reason);
});

it('refuses an empty list of golden texts', async () => {
  expect((await judge(await prepare({ falsify: () => [] }))).failed).toEqual([
    expect.stringMatching(/^files: golden\.json/),
  ]);
});

it('refuses a model with other labels than those of the service', async () => {
  const manifest: Candidate['manifest'] = (whole) => ({ ...whole, labels: ['no', 'yes'] });
  await expect(prepare({ manifest }).then(judge)).rejects.toThrow(/manifest\.json is not valid: .*labels: must be/);
});

it('refuses a model that is much larger', async () => {
  const prepared = await prepare();
  const strict = { ...configuration, limits: { ...configuration.limits, sizeRatio: 0.5 } };
  const { store } = prepared;
  const verdict = await judgeVersion({ store, configuration: strict }, candidate, await readManifest(store, champion));
  expect(verdict.checks.find(({ passed }) => !passed)).toMatchObject({ name: 'size', ratio: 1, most: 0.5 });
});

it('refuses a model that is slower than the limit', async () => {
  const { store } = await prepare();
  const strict = { ...configuration, limits: { ...configuration.limits, latencyRatio: 0.0001 } };
  const verdict = await judgeVersion({ store, configuration: strict }, candidate, await readManifest(store, champion));
  expect(verdict.checks.find(({ passed }) => !passed)).toMatchObject({ name: 'latency', most: 0.0001 });
});

it('throws for a version of a newer schema and for one that does not exist', async () => {
  const newer = await prepare({ manifest: (manifest) => ({ ...manifest, schema: 2 }) });
  await expect(judge(newer)).rejects.toThrow(/manifest\.json has schema 2; this program reads schema 1 only/);
  const gone = await prepare();
  await rm(join(gone.root, 'versions', candidate), { recursive: true });
  await expect(judge(gone)).rejects.toThrow(/was never published/);
});

it('throws when the current version cannot be loaded', async () => {
  const prepared = await prepare();
  await writeFile(join(prepared.root, 'versions', champion, 'model.onnx'), 'x');
  await expect(judge(prepared)).rejects.toThrow(/The current version .+ cannot be compared with: .+model\.onnx/);
});
