// What the campaign finds in a store that does wrong: a campaign that finds nothing there proves nothing.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelStoreError } from '../../layers/model-store/index.ts';
import { type OpenedStore, runDamage } from './corruption/damage-campaign.ts';
import { openFolder } from './corruption/stores.ts';

async function run(count: number, plant: (opened: OpenedStore, root: string) => OpenedStore = (opened) => opened) {
  const folder = await mkdtemp(join(tmpdir(), 'corruption-'));
  const root = join(folder, 'store');
  const signal = new AbortController().signal;
  return runDamage(
    { count, seed: 7, folder, signal, dist: '', advance: () => undefined },
    plant(openFolder(root), root),
  );
}

it('finds nothing in a folder, and tries equal cases for equal seeds', async () => {
  const first = await run(40);
  expect(first.findings).toEqual([]);
  expect(first.outcomes).toMatchObject({ 'report untouched': 4 });
  expect(await run(40)).toEqual(first);
});

it('finds a store that does not verify files', async () => {
  const { findings } = await run(40, ({ store, put }, root) => {
    const fetchFile: typeof store.fetchFile = async ({ key }) => ({
      path: join(root, key),
      receivedBytes: 0,
      verifyMs: 0,
    });
    return { store: { ...store, fetchFile }, put };
  });
  expect(findings.join('\n')).toMatch(/^--seed 7, case \d+ \(fp16: .*another answer/m);
});

it('finds a refusal that does not name the file', async () => {
  const { findings } = await run(20, ({ store, put }) => {
    const readText: typeof store.readText = async (key, options) => {
      const stored = await store.readText(key, options);
      if (/^\s*\{/.test(stored.text)) return stored;
      throw new ModelStoreError('something is wrong');
    };
    return { store: { ...store, readText }, put };
  });
  expect(findings.join('\n')).toContain('the refusal does not name');
});

it('finds an error that is not of the product', async () => {
  const { findings } = await run(12, ({ store, put }) => {
    const fetchFile: typeof store.fetchFile = (request) =>
      store.fetchFile(request).catch(() => {
        throw new TypeError('undefined is not a function');
      });
    return { store: { ...store, fetchFile }, put };
  });
  expect(findings.join('\n')).toContain('TypeError: undefined is not a function');
});
