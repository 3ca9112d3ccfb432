import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { considerVersion, type Judge } from '../../../functions/promote/promotion.ts';
import { createVerdict, readVerdict, writeVerdict } from '../../../functions/promote/verdict.ts';
import {
  formatTime,
  type ModelStore,
  openModelStore,
  readManifest,
  readPointer,
  readPointerState,
  replacePointer,
  rollBackPointer,
} from '../../../layers/model-store/index.ts';
import { makeRoot, publishCandidate, versions } from './tiny-candidates.ts';

const [first, second, third] = versions;

/** Creates a judge with a fixed decision that records the versions it compared with. */
function createJudge(passes = true) {
  const compared: (string | undefined)[] = [];
  const judge: Judge = async (version, champion) => {
    compared.push(champion?.version);
    const checks = [{ name: 'accuracy' as const, passed: passes, detail: 'fixed' }];
    return createVerdict({ version, champion: champion?.version, checks }, new Date());
  };
  return { judge, compared };
}

async function openStore(current?: string): Promise<ModelStore> {
  const root = await makeRoot();
  for (const version of versions) await publishCandidate(root, { version }, { current: version === current });
  return openModelStore(pathToFileURL(root).href);
}

const readCurrent = async (store: ModelStore) => (await readPointer(store)).pointer;

/** Writes what a rollback by a person writes. */
async function rollBack(store: ModelStore, version: string): Promise<void> {
  const seen = await readPointerState(store);
  if (!seen.pointer) throw new Error('nothing to roll back');
  const hold = { since: formatTime(new Date()), reason: 'rolled back' };
  await replacePointer(store, seen, rollBackPointer(seen.pointer, await readManifest(store, version), hold));
}

async function liftHold(store: ModelStore): Promise<void> {
  const seen = await readPointerState(store);
  if (seen.pointer) await replacePointer(store, seen, { ...seen.pointer, hold: undefined });
}

it('makes the first version current', async () => {
  const store = await openStore();
  const { judge, compared } = createJudge();
  expect(await considerVersion({ store, judge }, first)).toMatchObject({ kind: 'promoted', previous: undefined });
  expect(await readCurrent(store)).toMatchObject({ version: first, manifest: { version: first } });
  expect(await readVerdict(store, first)).toMatchObject({ outcome: 'accepted', champion: null });
  expect(compared).toEqual([undefined]);
});

it('makes an accepted version current and remembers the one before', async () => {
  const store = await openStore(first);
  const { judge } = createJudge();
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'promoted', previous: first });
  await considerVersion({ store, judge }, third);
  expect(await readCurrent(store)).toMatchObject({ version: third, previous: [second, first] });
});

it('leaves the pointer unchanged when it refuses a version, and refuses it once', async () => {
  const store = await openStore(first);
  const before = await store.readText('current.json');
  const { judge, compared } = createJudge(false);
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'refused' });
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'unchanged' });
  expect(compared).toHaveLength(1);
  expect(await store.readText('current.json')).toEqual(before);
  expect(await readVerdict(store, second)).toMatchObject({ outcome: 'refused', champion: first });
});

it('changes nothing when the event comes again', async () => {
  const store = await openStore(first);
  const { judge } = createJudge();
  await considerVersion({ store, judge }, second);
  const before = await store.readText('current.json');
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'unchanged' });
  expect(await store.readText('current.json')).toEqual(before);
});

it('changes nothing when the version is older than the current one', async () => {
  const store = await openStore(second);
  const { judge, compared } = createJudge();
  expect(await considerVersion({ store, judge }, first)).toMatchObject({
    kind: 'unchanged',
    reason: expect.stringContaining('older'),
  });
  expect((await readCurrent(store)).version).toBe(second);
  expect(compared).toEqual([]);
});

it('continues after an interruption between verdict and pointer', async () => {
  const store = await openStore(first);
  const { judge, compared } = createJudge();
  await writeVerdict(store, createVerdict({ version: second, champion: first, checks: [] }, new Date()));
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'promoted' });
  expect(compared).toEqual([]);
});

it('compares again when another version has become current since the verdict', async () => {
  const store = await openStore(second);
  await writeVerdict(store, createVerdict({ version: third, champion: first, checks: [] }, new Date()));
  const { judge, compared } = createJudge(false);
  expect(await considerVersion({ store, judge }, third)).toMatchObject({ kind: 'refused' });
  expect(compared).toEqual([second]);
  expect(await readCurrent(store)).toMatchObject({ version: second });
});

it('does not promote a version when a newer one became current during the comparison', async () => {
  const store = await openStore(first);
  const slow = createJudge();
  let overtaken = false;
  const judge: Judge = async (version, champion) => {
    const verdict = await slow.judge(version, champion);
    if (!overtaken) await considerVersion({ store, judge: createJudge().judge }, third);
    overtaken = true;
    return verdict;
  };
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'unchanged' });
  expect(await readCurrent(store)).toMatchObject({ version: third, previous: [first] });
});

it('compares again when an older version became current meanwhile, and then replaces it', async () => {
  const store = await openStore(first);
  const slow = createJudge();
  let overtaken = false;
  const judge: Judge = async (version, champion) => {
    const verdict = await slow.judge(version, champion);
    if (!overtaken) await considerVersion({ store, judge: createJudge().judge }, second);
    overtaken = true;
    return verdict;
  };
  expect(await considerVersion({ store, judge }, third)).toMatchObject({ kind: 'promoted', previous: second });
  expect(slow.compared).toEqual([first, second]);
});

it('ends with the newest of many concurrent versions and with a valid pointer', async () => {
  const store = await openStore(first);
  const { judge } = createJudge();
  const events = [second, third, second, third, second, third];
  await Promise.all(events.map((version) => considerVersion({ store, judge }, version).catch(() => undefined)));
  await considerVersion({ store, judge }, third);
  expect(await readCurrent(store)).toMatchObject({ version: third, manifest: { version: third } });
});

it('writes a verdict under a hold and leaves the pointer unchanged', async () => {
  const store = await openStore(first);
  const { judge } = createJudge();
  await considerVersion({ store, judge }, second);
  await rollBack(store, first);
  expect(await considerVersion({ store, judge }, third)).toMatchObject({ kind: 'held', reason: 'rolled back' });
  expect(await readVerdict(store, third)).toMatchObject({ outcome: 'accepted' });
  expect(await readCurrent(store)).toMatchObject({ version: first, withdrawn: [second] });
});

it('never promotes a version that a person has rolled back, also after the hold', async () => {
  const store = await openStore(first);
  const { judge } = createJudge();
  await considerVersion({ store, judge }, second);
  await rollBack(store, first);
  await liftHold(store);
  expect(await considerVersion({ store, judge }, second)).toMatchObject({
    kind: 'unchanged',
    reason: 'a person has rolled it back',
  });
  expect(await considerVersion({ store, judge }, third)).toMatchObject({ kind: 'promoted' });
  expect(await readCurrent(store)).toMatchObject({ version: third, withdrawn: [second] });
});

it('leaves the pointer unchanged if a hold is set while it judges', async () => {
  const store = await openStore(first);
  await considerVersion({ store, judge: createJudge().judge }, second);
  const { judge } = createJudge();
  const interrupted: Judge = async (version, champion) => {
    await rollBack(store, first).catch(() => undefined);
    return judge(version, champion);
  };
  expect(await considerVersion({ store, judge: interrupted }, third)).toMatchObject({ kind: 'held' });
  expect(await readCurrent(store)).toMatchObject({ version: first });
});

it('fails on a pointer that cannot be read, because it may contain a hold', async () => {
  const store = await openStore(first);
  const { etag } = await store.readText('current.json');
  await store.writeText('current.json', 'damaged', { ifMatch: etag });
  await expect(considerVersion({ store, judge: createJudge().judge }, second)).rejects.toThrow(
    /current\.json is not JSON/,
  );
});

it('refuses a verdict that was changed after it was written, or is about another version', async () => {
  const root = await makeRoot();
  await publishCandidate(root, { version: first }, { current: true });
  const store = openModelStore(pathToFileURL(root).href);
  const checks = [{ name: 'accuracy' as const, passed: false, detail: '0.8 against 0.9' }];
  const verdict = createVerdict({ version: second, champion: first, checks }, new Date());
  const { digest: _, ...older } = verdict;
  const passed = [{ ...checks[0], passed: true }];
  const folder = join(root, 'versions', second);
  await mkdir(folder);
  const write = (changed: object) => writeFile(join(folder, 'verdict.json'), JSON.stringify(changed));
  for (const changed of [
    { ...verdict, champion: null },
    { ...verdict, outcome: 'accepted', checks: passed },
    { ...older, outcome: 'accepted' },
    { ...older, version: third },
    { ...older, checks: Array.from({ length: 10_000 }, () => ({})) },
  ]) {
    await write(changed);
    await expect(readVerdict(store, second)).rejects.toThrow(/versions\/.*\/verdict\.json is no verdict of schema 1/);
  }
  await write(older);
  expect(await readVerdict(store, second)).toMatchObject({ outcome: 'refused' });
});
