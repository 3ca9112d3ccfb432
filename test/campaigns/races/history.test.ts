// Planted losses must be found: a campaign that cannot fail proves nothing.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ModelStore, openModelStore, readPointer } from '../../../layers/model-store/index.ts';
import { firstVersion } from '../../functions/predict/tiny-store.ts';
import { publishCandidate } from '../../functions/promote/tiny-candidates.ts';
import { findLost } from './history.ts';
import { killCommands } from './kills.ts';
import { type Promoted, tryPromotion } from './promoter.ts';
import { startReaders } from './readers.ts';

const nameOf = (number: number) => `202611${String(number + 10)}T000000Z-${String(number).padStart(7, '0')}`;
const numbers = [0, 1, 2, 3, 4, 5];

async function publishAll() {
  const root = await mkdtemp(join(tmpdir(), 'races-'));
  await publishCandidate(root, { version: firstVersion }, { current: true });
  for (const number of numbers) await publishCandidate(root, { version: nameOf(number) });
  return { root, store: openModelStore(`file://${root}`) };
}

const isWin = ({ outcome }: Promoted) => outcome === 'won';

/** Promotes all versions at once. */
async function race(store: ModelStore) {
  const promoted = await Promise.all(numbers.map((number) => tryPromotion(store, nameOf(number), 'command')));
  const { pointer } = await readPointer(store);
  return { promoted, findings: findLost(firstVersion, promoted.filter(isWin), pointer) };
}

it('finds nothing lost where one wins and the others are told', async () => {
  const { store } = await publishAll();
  const { promoted, findings } = await race(store);
  expect(findings).toEqual([]);
  expect(promoted.some(isWin)).toBe(true);
});

it('finds a promoter that writes without the condition', async () => {
  const { root, store } = await publishAll();
  const careless: ModelStore = {
    ...store,
    writeText: async (key, text) => {
      await writeFile(join(root, `${key}.new`), text);
      await rename(join(root, `${key}.new`), join(root, key)).catch(() => undefined);
      return 'a tag';
    },
  };
  const { findings } = await race(careless);
  expect(findings.join('\n')).toMatch(/have both replaced .*: one of them is lost/);
  expect(findings.join('\n')).toMatch(/became current, and the history does not lead to it/);
});

it('finds a history without its oldest versions, and a pointer that remembers less', () => {
  const wins = [
    { version: 'b', previous: 'a' },
    { version: 'c', previous: 'b' },
  ];
  expect(findLost('a', wins, { version: 'c', previous: ['b', 'a'] })).toEqual([]);
  expect(findLost('a', wins, { version: 'c', previous: ['b'] })).toEqual(['current.json remembers b and not b a']);
  expect(findLost('z', wins, { version: 'c', previous: ['b', 'a'] })).toEqual(['the history ends at a and not at z']);
});

it('finds a version that is visible before all of it is there', async () => {
  const { root, store } = await publishAll();
  await tryPromotion(store, nameOf(1), 'command');
  await rm(join(root, 'versions', nameOf(1), 'golden.json'));
  const readers = startReaders(2, () => store, root);
  const { reads, findings } = await readers.stop();
  expect(reads).toBeGreaterThan(0);
  expect(findings.join('\n')).toMatch(/a reader saw a half version: .*golden\.json missing/);
});

it('finds a command that leaves half an output when it is killed, and one that cannot run again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'races-'));
  const out = join(folder, 'out');
  const code = `
    const { existsSync, writeFileSync } = require('node:fs');
    if (existsSync(${JSON.stringify(out)})) throw new Error('somebody has begun already');
    writeFileSync(${JSON.stringify(out)}, 'half');
    console.log('begun');
    setTimeout(() => writeFileSync(${JSON.stringify(out)}, 'whole'), 500);`;
  const check = async () => {
    if ((await readFile(out, 'utf8')) !== 'whole') throw new Error('the output is half');
  };
  const command = {
    name: 'careless',
    program: { command: process.execPath, words: ['-e', code], saysBegun: true },
    reset: () => rm(out, { force: true }),
    checkWhole: check,
    checkDone: check,
  };
  const context = { count: 1, seed: 2, signal: new AbortController().signal, advance: () => undefined };
  const { findings } = await killCommands([command], context);
  expect(findings).toHaveLength(2);
  expect(findings[0]).toMatch(/after the kill: the output is half/);
  expect(findings[1]).toMatch(/the same command fails then/);
});
