import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, ListAnswer } from '../../../functions/predict/answer-schema.ts';
import { createApp } from '../../../functions/predict/app.ts';
import { createObserver } from '../../../functions/predict/observability.ts';
import { isInShare, openModelStore, readManifest } from '../../../layers/model-store/index.ts';
import { createModelProvider, createWatch, type LoadedModel, loadModel } from '../../../layers/prediction/index.ts';
import type { Measure } from '../../../layers/telemetry/index.ts';
import { configure, createRecord, createTinyService } from './tiny-service.ts';
import { firstVersion, secondVersion, writeTinyStore } from './tiny-store.ts';

const share = 20;
const versionFor = (text: string) => (isInShare(text, share) ? secondVersion : firstVersion);
const texts = Array.from({ length: 10_000 }, (_, index) => `a good book number ${index}`);
/** A text of each version. */
const [offered = '', other = ''] = [secondVersion, firstVersion].map(
  (version) => texts.find((text) => versionFor(text) === version) ?? '',
);

interface Recorded {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

/** A service whose store has a candidate, which is loaded. `break` makes a version fail on every text. */
async function startService() {
  const folder = await writeTinyStore();
  const path = join(folder, 'current.json');
  const manifest = await readManifest(openModelStore(`file://${folder}`), secondVersion);
  const until = new Date(Date.now() + 600_000);
  const candidate = { version: secondVersion, manifest, share, since: '2026-01-04T00:00:00Z', until };
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), candidate }));
  const configuration = configure(folder);
  const { log, lines } = createRecord();
  const broken = new Set<string>();
  const load = async (modelVersion?: string): Promise<LoadedModel> => {
    const model = await loadModel({ ...configuration, modelVersion }, { log });
    const classify: typeof model.classifier.classify = async (text) => {
      if (broken.has(model.manifest.version)) throw new Error('out of memory');
      return model.classifier.classify(text);
    };
    return { ...model, classifier: { ...model.classifier, classify } };
  };
  const models = createModelProvider(() => load(), createWatch(configuration, { log, loadCandidate: load }));
  const recorded: Recorded[] = [];
  const record = (measures: readonly Measure[], dimensions = {}) =>
    void recorded.push({ dimensions, values: Object.fromEntries(measures.map(({ name, value }) => [name, value])) });
  const observe = createObserver({ record }, { memoryMb: 2048, architecture: 'x64', initType: 'on-demand' });
  const app = createApp({ models, log, observe });
  const ask = (text: string, headers = {}) => app.request(`/predict?sentence=${encodeURIComponent(text)}`, { headers });
  const post = (inputs: readonly string[]) =>
    app.request('/predict', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ inputs }),
    });
  const askList = async (inputs: readonly string[]) => (await (await post(inputs)).json()) as ListAnswer;
  await models.current();
  // The first request begins to load the candidate.
  await ask('a book');
  await models.settled();
  const readParts = () => recorded.filter(({ dimensions }) => 'variant' in dimensions || 'modelVersion' in dimensions);
  return { app, ask, post, askList, lines, models, recorded, readParts, broken };
}

let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  service = await startService();
});
beforeEach(() => {
  service.recorded.length = 0;
  service.broken.clear();
});
afterAll(async () => {
  const served = service.models.loaded();
  await Promise.all([served, served?.candidate?.model].map((model) => model?.classifier.release()));
});

it('gives the candidate its share of 10,000 texts, within two percent of all', async () => {
  const counts: Record<string, number> = {};
  for (let start = 0; start < texts.length; start += 250) {
    const { model, results } = await service.askList(texts.slice(start, start + 250));
    for (const result of results) {
      const version = 'error' in result ? '' : (result.model ?? model);
      counts[version] = (counts[version] ?? 0) + 1;
    }
  }
  expect((counts[firstVersion] ?? 0) + (counts[secondVersion] ?? 0)).toBe(10_000);
  expect(Math.abs((counts[secondVersion] ?? 0) / 10_000 - share / 100)).toBeLessThan(0.02);
});

it('answers a text by its version, in the body, in the header and in the log', async () => {
  for (const text of [offered, other, offered]) {
    const response = await service.ask(text);
    expect(response.headers.get('X-Model-Version')).toBe(versionFor(text));
    expect(((await response.json()) as Answer).model).toBe(versionFor(text));
    expect(service.lines.at(-1)).toMatchObject({ message: 'request', modelVersion: versionFor(text) });
  }
});

it('answers a form by the same version', async () => {
  const body = new URLSearchParams({ sentence: offered });
  const response = await service.app.request('/predict', { method: 'POST', body });
  expect(((await response.json()) as Answer).model).toBe(secondVersion);
});

it('tags an answer by the version that gave it', async () => {
  const current = (await service.ask(other)).headers.get('ETag') ?? '';
  expect((await service.ask(other, { 'If-None-Match': current })).status).toBe(304);
  const tag = (await service.ask(offered)).headers.get('ETag') ?? '';
  const unchanged = await service.ask(offered, { 'If-None-Match': tag });
  expect([unchanged.status, unchanged.headers.get('X-Model-Version')]).toEqual([304, secondVersion]);
  const without = createTinyService(await writeTinyStore());
  const before = (await without.app.request(`/predict?sentence=${encodeURIComponent(offered)}`)).headers.get('ETag');
  await without.release();
  expect((await service.ask(offered, { 'If-None-Match': before ?? '' })).status).toBe(200);
});

it('names the version of a list by its first text, and others beside their results', async () => {
  const response = await service.post([offered, other, offered]);
  expect(response.headers.get('X-Model-Version')).toBe(secondVersion);
  const { model, results } = (await response.json()) as ListAnswer;
  expect(model).toBe(secondVersion);
  expect(results.map((result) => ('error' in result ? 'error' : result.model))).toEqual([
    undefined,
    firstVersion,
    undefined,
  ]);
  const { results: alone } = await service.askList([offered]);
  expect(alone[0]).toEqual(results[0]);
});

it('counts answers and measures runs by version', async () => {
  await service.ask(other);
  await service.askList([offered, other, other, texts[0] ?? '', ' ']);
  const byVersion = (dimension: string, name: string) =>
    service
      .readParts()
      .filter(({ dimensions }) => dimensions[dimension] === name)
      .map(({ values }) => values);
  for (const values of [byVersion('variant', 'candidate'), byVersion('modelVersion', secondVersion)])
    expect(values).toEqual([{ Answers: expect.any(Number), Errors: 0, RunTime: expect.any(Number) }]);
  expect(byVersion('variant', 'champion')).toEqual(byVersion('modelVersion', firstVersion));
  const answers = service.readParts().reduce((sum, { values }) => sum + (values.Answers ?? 0), 0);
  // 1 + 3 texts that differ, by two dimensions each. The blank one is not answered.
  expect(answers).toBe(2 * (1 + new Set([offered, other, texts[0]]).size));
});

it('counts the error of a run for the version that failed', async () => {
  service.broken.add(secondVersion);
  expect((await service.ask(offered)).status).toBe(500);
  expect((await service.ask(other)).status).toBe(200);
  const errors = service.readParts().map(({ dimensions, values }) => [Object.values(dimensions)[0], values.Errors]);
  expect(errors).toEqual([
    ['candidate', 1],
    [secondVersion, 1],
    ['champion', 0],
    [firstVersion, 0],
  ]);
});

it('counts no error of a caller', async () => {
  expect((await service.ask('')).status).toBe(400);
  expect((await service.askList([])).model).toBeUndefined();
  expect(service.readParts()).toEqual([]);
});
