import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { considerVersion } from '../../functions/promote/promotion.ts';
import { createVerdict, writeVerdict } from '../../functions/promote/verdict.ts';
import { openModelStore, readPointer } from '../../layers/model-store/index.ts';
import { hold, promote, rollBack } from '../../local/model-pointer.ts';
import { listModels } from '../../local/model-report.ts';
import { makeRoot, publishCandidate, versions } from '../functions/promote/tiny-candidates.ts';

const [first, second, third] = versions;
const plain = { dryRun: false, force: false, lift: false, reason: undefined };

async function prepare() {
  const root = await makeRoot();
  for (const version of versions) await publishCandidate(root, { version }, { current: version === first });
  const store = openModelStore(pathToFileURL(root).href);
  const accept = (version: string, passed = true) => {
    const checks = [{ name: 'accuracy' as const, passed, detail: 'as told' }];
    return writeVerdict(store, createVerdict({ version, champion: first, checks }, new Date()));
  };
  const readCurrent = async () => (await readPointer(store)).pointer;
  return { root, store, accept, readCurrent };
}

it('makes an accepted version current', async () => {
  const { store, accept, readCurrent } = await prepare();
  await accept(second);
  expect(await promote(store, second, plain)).toBe(`${second} is current instead of ${first}.\n`);
  expect(await readCurrent()).toMatchObject({ version: second, previous: [first] });
  expect(await promote(store, second, plain)).toBe(`${second} is current already; nothing changes.\n`);
});

it('refuses a version that is not accepted, unless it is forced', async () => {
  const { store, accept, readCurrent } = await prepare();
  await expect(promote(store, second, plain)).rejects.toThrow(/has not been judged: `verify --write` does that/);
  await accept(second, false);
  await expect(promote(store, second, plain)).rejects.toThrow(/was refused \(accuracy: as told\)\. --force makes/);
  expect((await readCurrent()).version).toBe(first);
  expect(await promote(store, second, { ...plain, force: true })).toContain('is current');
  expect((await readCurrent()).version).toBe(second);
});

it('does not make an incomplete version current, not even by force', async () => {
  const { root, store, readCurrent } = await prepare();
  await rm(join(root, 'versions', second, 'model.onnx'));
  for (const dryRun of [true, false])
    await expect(promote(store, second, { force: true, dryRun })).rejects.toThrow(/incomplete: model\.onnx missing/);
  expect((await readCurrent()).version).toBe(first);
});

it('replaces an unreadable pointer only by force', async () => {
  const { root, store, accept, readCurrent } = await prepare();
  await accept(second);
  await writeFile(join(root, 'current.json'), 'damaged');
  await expect(promote(store, second, plain)).rejects.toThrow(/current\.json is not JSON/);
  await promote(store, second, { ...plain, force: true });
  expect((await readCurrent()).version).toBe(second);
});

it('rolls back step by step, sets a hold, and marks the versions it left as withdrawn', async () => {
  const { store, accept, readCurrent } = await prepare();
  for (const version of [second, third]) {
    await accept(version);
    await promote(store, version, plain);
  }
  expect(await rollBack(store, plain)).toContain(`${second} is current again instead of ${third}.`);
  expect(await readCurrent()).toMatchObject({ version: second, previous: [first], withdrawn: [third] });
  await rollBack(store, { ...plain, reason: 'both are bad' });
  const pointer = await readCurrent();
  expect(pointer).toMatchObject({ version: first, withdrawn: [second, third], hold: { reason: 'both are bad' } });
  expect(pointer.previous).toBeUndefined();
  await expect(rollBack(store, plain)).rejects.toThrow(/remembers no version before .+: promote one by its name/);
});

it('promotes a withdrawn version under a hold, and keeps the hold', async () => {
  const { store, accept, readCurrent } = await prepare();
  await accept(second);
  await promote(store, second, plain);
  await rollBack(store, plain);
  expect(await promote(store, second, plain)).toContain('The hold stays');
  const pointer = await readCurrent();
  expect(pointer).toMatchObject({ version: second, hold: { reason: `rolled back from ${second}` } });
  expect(pointer.withdrawn).toBeUndefined();
});

it('blocks automatic promotion until the hold is lifted', async () => {
  const { store, readCurrent } = await prepare();
  const judge = async (version: string) => createVerdict({ version, champion: first, checks: [] }, new Date());
  expect(await hold(store, { ...plain, reason: 'audit' })).toMatch(/^On hold/);
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'held', reason: 'audit' });
  expect(await hold(store, plain)).toBe('There is a hold already: audit.\n');
  expect(await hold(store, { ...plain, lift: true })).toMatch(/^Lifted the hold \(audit\)/);
  expect(await hold(store, { ...plain, lift: true })).toBe('There is no hold; nothing changes.\n');
  expect(await considerVersion({ store, judge }, second)).toMatchObject({ kind: 'promoted' });
  expect((await readCurrent()).hold).toBeUndefined();
});

it('describes on a dry run what would change, and changes nothing', async () => {
  const { store, accept } = await prepare();
  await accept(second);
  await promote(store, second, plain);
  const before = await store.readText('current.json');
  const dry = { ...plain, dryRun: true };
  expect(await promote(store, third, { ...dry, force: true })).toBe(
    `Would make ${third} current instead of ${second}.\n`,
  );
  expect(await rollBack(store, dry)).toBe(`Would make ${first} current instead of ${second}, and hold.\n`);
  expect(await hold(store, dry)).toMatch(/^Would hold/);
  expect(await store.readText('current.json')).toEqual(before);
});

it('refuses rollback and hold before the first promotion', async () => {
  const store = openModelStore(pathToFileURL(await makeRoot()).href);
  await expect(rollBack(store, plain)).rejects.toThrow(/Nothing is current in .+: promote a version first/);
  await expect(hold(store, plain)).rejects.toThrow(/Nothing is current/);
});

it('gives a version a share of the texts, and shows the canary in the list', async () => {
  const { store, accept, readCurrent } = await prepare();
  await expect(promote(store, second, { ...plain, share: 20 })).rejects.toThrow(/has not been judged/);
  await accept(second);
  expect(await promote(store, second, { ...plain, dryRun: true, share: 20 })).toMatch(
    /^Would give .+ 20 % of the texts/,
  );
  expect(await readCurrent()).not.toHaveProperty('candidate');
  expect(await promote(store, second, { ...plain, share: 20, minutes: 5 })).toMatch(
    new RegExp(`^${second} gets 20 % of the texts until .+Z, beside ${first}\\.\n$`),
  );
  expect(await readCurrent()).toMatchObject({ version: first, candidate: { version: second, share: 20 } });
  const list = await listModels(store);
  expect(list).toMatch(/bbbbbbb .*accepted {2}candidate\n/);
  expect(list).toMatch(
    /Canary since .+: 20260102T000000Z-bbbbbbb answers 20 % of the texts until .+\. `rollback` ends it\.\n$/,
  );
});

it('starts no canary under a hold', async () => {
  const { store, accept, readCurrent } = await prepare();
  await accept(second);
  await hold(store, plain);
  await expect(promote(store, second, { ...plain, share: 20 })).rejects.toThrow(
    /^A hold ends every canary .+: lift it/,
  );
  expect(await readCurrent()).not.toHaveProperty('candidate');
});
