import { readFile } from 'node:fs/promises';
import {
  addDigest,
  checkComplete,
  listVersions,
  type ModelStore,
  type ModelStoreError,
  promoteVersion,
  pullModel,
  readManifest,
  readPointer,
  startCanary,
} from '../../../layers/model-store/index.ts';
import { listFiles, makeFolder, publish, type StoreHarness } from './harness.ts';
import { makeVersion, makeVersionWithFp16, pointTo, sha256 } from './sample-version.ts';

const pull = async ({ store }: StoreHarness, version?: string) =>
  pullModel(store, { version, directory: await makeFolder() });

const expectRefusal = (promise: Promise<unknown>, pattern: RegExp, flags: Partial<ModelStoreError> = {}) =>
  expect(promise).rejects.toMatchObject({ name: 'ModelStoreError', message: expect.stringMatching(pattern), ...flags });

/** The tests that every model store must pass. `open` returns an empty store. */
export function describeModelStore(open: () => Promise<StoreHarness>): void {
  describe('pulling a model', () => describePulling(open));
  describe('an fp16 graph', () => describeGraphs(open));
  describe('refusing what is damaged', () => describeRefusals(open));
  describe('small objects', () => describeTexts(open));
  describe('promoting a version', () => describePromotion(open));
  describe('concurrent publishers', () => describeRaces(open));
}

function describeGraphs(open: () => Promise<StoreHarness>) {
  const publishFp16 = async () => {
    const harness = await open();
    const sample = makeVersionWithFp16();
    await publish(harness, sample);
    return { ...harness, sample, key: `versions/${sample.version}/model.fp16.onnx` };
  };

  it('is not fetched unless it can be run', async () => {
    const { sample, key, ...harness } = await publishFp16();
    await harness.remove(key);
    const pulled = await pull(harness);
    expect(pulled.graph).toBe('model');
    expect(await readFile(pulled.modelPath)).toEqual(sample.model);
  });

  it('is fetched and verified in place of the model if it can be run', async () => {
    const { store, put, sample, key } = await publishFp16();
    const options = { graphs: ['fp16', 'model'] as const, directory: await makeFolder() };
    const pulled = await pullModel(store, options);
    expect(pulled.graph).toBe('fp16');
    expect(await readFile(pulled.modelPath)).toEqual(sample.fp16);
    await put(key, Buffer.alloc(sample.fp16.length));
    const damaged = pullModel(store, { ...options, directory: await makeFolder() });
    await expectRefusal(damaged, /model\.fp16\.onnx/);
  });

  it('is a file that a complete version has', async () => {
    const { store, remove, sample, key } = await publishFp16();
    await checkComplete(store, sample.manifest);
    await remove(key);
    await expectRefusal(checkComplete(store, sample.manifest), /is incomplete: model\.fp16\.onnx missing/);
  });

  it('has the int8 model in its place in a version without one, unless a GPU is demanded', async () => {
    const harness = await open();
    await publish(harness, makeVersion());
    const directory = await makeFolder();
    expect((await pullModel(harness.store, { graphs: ['fp16', 'model'], directory })).graph).toBe('model');
    await expectRefusal(
      pullModel(harness.store, { graphs: ['fp16'], directory }),
      /^Version 20261123T081500Z-3f9a1c2 has no fp16 graph, which a GPU runs\. Train with EXPORT_FP16=true/,
    );
  });
}

function describePulling(open: () => Promise<StoreHarness>) {
  it('fetches the model and tokenizer of the current version, and names the version', async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample);
    const pulled = await pull(harness);
    expect(await readFile(pulled.modelPath)).toEqual(sample.model);
    expect(await readFile(pulled.tokenizerPath)).toEqual(sample.tokenizer);
    expect(pulled.manifest).toEqual(sample.manifest);
    expect(pulled.pointer?.etag).toBe((await harness.store.readText('current.json')).etag);
    for (const ms of Object.values(pulled.stages)) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('fetches a version that is requested by name, whichever is current', async () => {
    const harness = await open();
    const [older, newer] = [makeVersion(21), makeVersion(22)];
    await publish(harness, older, { promote: false });
    await publish(harness, newer);
    const pulled = await pull(harness, older.version);
    expect(await readFile(pulled.modelPath)).toEqual(older.model);
    expect(pulled.pointer).toBeUndefined();
  });

  it('does not need the files that serving does not load', async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample);
    await harness.remove(`versions/${sample.version}/golden.json`);
    await expect(pull(harness)).resolves.toMatchObject({ manifest: { version: sample.version } });
  });

  it('stops with the reason of the signal', async () => {
    const harness = await open();
    await publish(harness, makeVersion());
    const reason = new Error('no longer wanted');
    const directory = await makeFolder();
    await expect(pullModel(harness.store, { directory, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await listFiles(directory)).toEqual([]);
  });
}

function describeRefusals(open: () => Promise<StoreHarness>) {
  const open23 = async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample);
    const modelKey = `versions/${sample.version}/model.onnx`;
    return { ...harness, sample, modelKey };
  };

  it('reports that no model has been promoted yet', async () => {
    const harness = await open();
    await publish(harness, makeVersion(), { promote: false });
    const pattern = new RegExp(
      `^${harness.store.location}/current.json does not exist: no model has been promoted yet`,
    );
    await expectRefusal(pull(harness), pattern, { missing: true });
  });

  it('names a version that was never published, or only in part', async () => {
    const harness = await open23();
    const absent = '20261101T000000Z-0000000';
    await expectRefusal(pull(harness, absent), new RegExp(`${absent}/manifest.json does not exist: .* only in part`));
    await harness.remove(`versions/${harness.sample.version}/manifest.json`);
    await expectRefusal(pull(harness, harness.sample.version), /manifest.json does not exist: .*written last/);
    await expectRefusal(pull(harness, '../other'), /"\.\.\/other" is not a version's name/);
  });

  it('refuses the manifest of another version', async () => {
    const harness = await open23();
    await harness.put(`versions/${makeVersion(11).version}/manifest.json`, JSON.stringify(harness.sample.manifest));
    await expectRefusal(pull(harness, makeVersion(11).version), /is the manifest of another version, 20261123T/);
  });

  it('refuses an unknown schema, of the pointer or of the manifest in it', async () => {
    const harness = await open23();
    const manifest = { ...harness.sample.manifest, schema: 2 };
    await harness.put(`versions/${manifest.version}/manifest.json`, JSON.stringify(manifest));
    await expectRefusal(
      pull(harness, manifest.version),
      /manifest\.json has schema 2; this program reads schema 1 only/,
    );
    await harness.put('current.json', JSON.stringify({ ...JSON.parse(pointTo(harness.sample.manifest)), manifest }));
    await expectRefusal(pull(harness), /current\.json has schema 2/);
  });

  it('refuses a pointer that is not JSON, or not sound, and lists all that is wrong with it', async () => {
    const harness = await open23();
    await harness.put('current.json', '{"schema": 1,');
    await expectRefusal(pull(harness), /current\.json is not JSON/);
    const broken = { ...harness.sample.manifest, labels: ['one'], temperature: 0 };
    await harness.put('current.json', pointTo(broken));
    await expectRefusal(pull(harness), /current\.json is not valid: .*manifest\.labels: .*manifest\.temperature: /);
    await harness.put('current.json', 'x'.repeat(5 << 20));
    await expectRefusal(pull(harness), /current\.json has 5242880 bytes, too many for a manifest/);
  });

  it.each([
    [['negative', 'positive', 'mixed']],
    [['neutral', 'positive']],
    [['no', 'yes']],
    [['NEGATIVE', 'positive']],
    [['negative', 'neutral', 'neutral', 'positive']],
  ])('refuses a manifest with the labels %j, by its name', async (labels) => {
    const harness = await open23();
    const { version, manifest } = harness.sample;
    await harness.put(`versions/${version}/manifest.json`, JSON.stringify({ ...manifest, labels }));
    await expectRefusal(
      pull(harness, version),
      /manifest\.json is not valid: labels: must be negative and positive, or/,
    );
  });

  it('refuses a manifest that was changed after it was written, in the pointer, in its candidate or by itself', async () => {
    const harness = await open23();
    const { version, manifest } = harness.sample;
    const changed = { ...addDigest(manifest), temperature: 1.32 };
    await harness.put(`versions/${version}/manifest.json`, JSON.stringify(changed));
    await expectRefusal(pull(harness, version), /manifest\.json is not valid: digest: is not that of the other fields/);
    await harness.put('current.json', pointTo(changed));
    await expectRefusal(pull(harness), /current\.json is not valid: manifest\.digest: is not that/);
    const pointer = JSON.parse(pointTo(addDigest(manifest)));
    const { candidate } = startCanary(pointer, manifest, { share: 10, minutes: 5 }, new Date());
    await harness.put('current.json', JSON.stringify({ ...pointer, candidate: { ...candidate, share: 90 } }));
    await expectRefusal(pull(harness), /current\.json is not valid: candidate\.digest: is not that/);
    await harness.put('current.json', JSON.stringify({ ...pointer, candidate }));
    await expect(pull(harness)).resolves.toMatchObject({ manifest: { version } });
  });

  it('refuses a pointer with more in it than a pointer can have, in a short sentence', async () => {
    const harness = await open23();
    const { manifest } = harness.sample;
    const files = Array.from({ length: 5000 }, () => ({}));
    await harness.put('current.json', pointTo({ ...manifest, files: files as unknown as typeof manifest.files }));
    await expectRefusal(pull(harness), /^.{50,4000} and \d+ more faults\.$/);
    await harness.put('current.json', JSON.stringify({ schema: 1, files: [...files, ...files] }));
    await expectRefusal(pull(harness), /current\.json is not valid: it has more than 10000 objects and lists\.$/);
    await harness.put('current.json', JSON.stringify({ schema: 'x'.repeat(100_000) }));
    await expectRefusal(pull(harness), /^.{20,300}$/);
  });

  it('refuses a model whose bytes are not the published ones, and names the part', async () => {
    const harness = await open23();
    const damaged = Buffer.from(harness.sample.model);
    damaged[2500] = (damaged[2500] ?? 0) ^ 1;
    await harness.put(harness.modelKey, damaged);
    await expectRefusal(pull(harness), new RegExp(`${harness.modelKey} has the wrong SHA-256 in part 3 of 4: `));
  });

  it('refuses a model that is truncated, too long, or missing', async () => {
    const harness = await open23();
    await harness.put(harness.modelKey, harness.sample.model.subarray(0, 1200));
    await expectRefusal(pull(harness), /model\.onnx (has 1200 bytes, but its manifest says 3210|is shorter than)/);
    await harness.put(harness.modelKey, Buffer.concat([harness.sample.model, Buffer.from('more')]));
    await expectRefusal(pull(harness), /model\.onnx has 3214 bytes, but its manifest says 3210/);
    await harness.remove(harness.modelKey);
    await expectRefusal(pull(harness), /model\.onnx does not exist: the manifest names it, so .* incomplete/);
  });

  it('refuses a version whose parts are right but whose whole hash is wrong, before it is promoted', async () => {
    const harness = await open23();
    const { version, manifest } = harness.sample;
    const files = manifest.files.map((file) => ({ ...file, sha256: sha256(Buffer.from('other')) }));
    await harness.put(`versions/${version}/manifest.json`, JSON.stringify({ ...manifest, files }));
    await expectRefusal(pull(harness, version), /(model\.onnx|tokenizer\.json) has the wrong SHA-256: /);
  });

  it('refuses keys that would lead out of the store', async () => {
    const { store } = await open23();
    for (const key of ['../secret', '/etc/passwd', 'versions/../../secret', 'versions//x', '.lock', ''])
      await expectRefusal(store.readText(key), /is not a key of the model store/);
  });
}

function describeTexts(open: () => Promise<StoreHarness>) {
  it('reads a text again only when it has changed', async () => {
    const { store, put } = await open();
    await put('current.json', 'first é');
    const { text, etag } = await store.readText('current.json');
    expect(text).toBe('first é');
    expect(await store.readTextIfChanged('current.json', etag)).toBeUndefined();
    await put('current.json', 'second');
    expect(await store.readTextIfChanged('current.json', etag)).toMatchObject({ text: 'second' });
  });

  it('creates a text once', async () => {
    const { store } = await open();
    const key = 'versions/v/verdict.json';
    const etag = await store.writeText(key, 'first', { ifAbsent: true });
    for (const text of ['second', 'first']) {
      const write = store.writeText(key, text, { ifAbsent: true });
      await expectRefusal(write, /verdict\.json was not written: it exists already/, { conflict: true });
    }
    expect(await store.readText(key)).toEqual({ text: 'first', etag });
  });

  it('replaces a text only if it is still the one that was read', async () => {
    const { store, put } = await open();
    await put('current.json', 'first');
    const { etag } = await store.readText('current.json');
    const second = await store.writeText('current.json', 'second', { ifMatch: etag });
    const late = store.writeText('current.json', 'third', { ifMatch: etag });
    await expectRefusal(late, /current\.json was not written: another publisher has changed it/, { conflict: true });
    expect(await store.readText('current.json')).toEqual({ text: 'second', etag: second });
  });

  it('does not replace a text that is gone', async () => {
    const { store, put, remove } = await open();
    await put('current.json', 'first');
    const { etag } = await store.readText('current.json');
    await remove('current.json');
    await expectRefusal(store.writeText('current.json', 'second', { ifMatch: etag }), /./, { conflict: true });
    await expectRefusal(store.readText('current.json'), /does not exist/, { missing: true });
  });

  it('lists the keys under a folder, and the versions that are complete', async () => {
    const harness = await open();
    const [older, newer] = [makeVersion(21), makeVersion(22)];
    expect(await listVersions(harness.store)).toEqual([]);
    await publish(harness, newer);
    await publish(harness, older, { promote: false });
    await harness.put('versions/20261101T000000Z-0000000/model.onnx', 'no manifest yet');
    expect(await listVersions(harness.store)).toEqual([older.version, newer.version]);
    expect(await harness.store.listKeys(`versions/${older.version}`)).toEqual([...older.objects.keys()].sort());
  });
}

function describePromotion(open: () => Promise<StoreHarness>) {
  const now = () => new Date('2026-11-24T10:00:00.123Z');

  it('makes a published version current, and an older one again', async () => {
    const harness = await open();
    const [older, newer] = [makeVersion(21), makeVersion(22)];
    for (const sample of [older, newer]) await publish(harness, sample, { promote: false });
    const first = await promoteVersion(harness.store, older.version, now);
    expect(first).toMatchObject({ previous: undefined, pointer: { promotedAt: '2026-11-24T10:00:00Z' } });
    expect(await promoteVersion(harness.store, newer.version)).toMatchObject({ previous: older.version });
    expect((await pull(harness)).manifest).toEqual(newer.manifest);
    expect(await promoteVersion(harness.store, older.version)).toMatchObject({ previous: newer.version });
    expect((await pull(harness)).manifest).toEqual(older.manifest);
  });

  it('leaves the pointer as it is when the version is current already', async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample);
    const before = await harness.store.readText('current.json');
    const promotion = await promoteVersion(harness.store, sample.version, now);
    expect(promotion).toMatchObject({ etag: before.etag, previous: sample.version });
    expect(await harness.store.readText('current.json')).toEqual(before);
  });

  it('refuses a version that is not there or not complete, and leaves the pointer alone', async () => {
    const harness = await open();
    const [current, broken] = [makeVersion(21), makeVersion(22)];
    await publish(harness, current);
    await publish(harness, broken, { promote: false });
    await harness.remove(`versions/${broken.version}/model.onnx`);
    await expectRefusal(promoteVersion(harness.store, broken.version), /is incomplete: model\.onnx missing/);
    await expectRefusal(promoteVersion(harness.store, makeVersion(20).version), /manifest\.json does not exist/);
    expect((await readPointer(harness.store)).pointer.version).toBe(current.version);
  });

  it('replaces an unreadable pointer', async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample);
    await harness.put('current.json', 'damaged');
    expect(await promoteVersion(harness.store, sample.version)).toMatchObject({ previous: undefined });
    expect((await pull(harness)).manifest.version).toBe(sample.version);
  });

  it('keeps fields of the manifest that serving does not know', async () => {
    const harness = await open();
    const sample = makeVersion();
    await publish(harness, sample, { promote: false });
    await promoteVersion(harness.store, sample.version);
    expect((await readPointer(harness.store)).pointer.manifest).toEqual(
      await readManifest(harness.store, sample.version),
    );
    expect(JSON.parse((await harness.store.readText('current.json')).text).manifest).toEqual(sample.manifest);
  });
}

/** A store that loses a race: another publisher's whole promotion happens between its read and its write. */
const overtakenBy = (store: ModelStore, promotion: () => Promise<unknown>): ModelStore => ({
  ...store,
  writeText: async (key, text, condition) => {
    await promotion();
    return store.writeText(key, text, condition);
  },
});

function describeRaces(open: () => Promise<StoreHarness>) {
  const race = async (harness: StoreHarness) => {
    const [slow, fast] = [makeVersion(22), makeVersion(23)];
    for (const sample of [slow, fast]) await publish(harness, sample, { promote: false });
    const overtaken = overtakenBy(harness.store, () => promoteVersion(harness.store, fast.version));
    await expectRefusal(promoteVersion(overtaken, slow.version), /current\.json was not written/, { conflict: true });
    expect((await readPointer(harness.store)).pointer.version).toBe(fast.version);
  };

  it('lets one of two promotions of the first model win, and rejects the other', async () => race(await open()));

  it('lets one of two promotions over the same model win, and rejects the other', async () => {
    const harness = await open();
    await publish(harness, makeVersion(21));
    await race(harness);
  });
}
