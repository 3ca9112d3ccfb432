// Versions that do harm are judged in processes of their own, by the real ONNX Runtime.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPrograms } from '../../bench/build.mjs';
import { findFault, maliciousCases, tryCase } from './corruption/malicious.ts';

const built = join(import.meta.dirname, '..', '..', '.cache', 'tests', 'corruption');

beforeAll(() => buildPrograms(join(import.meta.dirname, 'corruption'), ['child.ts'], built));

const find = (name: string) => {
  const found = maliciousCases.find((each) => each.name === name);
  if (!found) throw new Error(`there is no case ${name}`);
  return found;
};

const judge = async (each: (typeof maliciousCases)[number]) => {
  const folder = join(await mkdtemp(join(tmpdir(), 'malicious-')), 'store');
  const judged = await tryCase(each, folder, join(built, 'child.mjs'));
  return { ...judged, fault: findFault(each, judged) };
};

it.each(['a bomb of Add', 'a bomb of Concat'])('ends the process of %s before it has taken 256 MB', async (name) => {
  expect(await judge(find(name))).toMatchObject({ outcome: 'ended', fault: undefined });
});

it.each([
  'huge dimensions',
  'a cycle',
  'weights from the tokenizer',
  'ids beyond the model',
  'half a million wrong files',
])('refuses %s', async (name) => {
  expect(await judge(find(name))).toMatchObject({ outcome: 'refused', fault: undefined });
});

it('finds a version that is accepted, and a process that grows', async () => {
  const sound = { ...find('a cycle'), change: () => undefined };
  const judged = await judge(sound);
  expect(judged).toMatchObject({ outcome: 'broken', fault: expect.stringContaining('accepted') });
  const grown = findFault(sound, { outcome: 'refused', said: 'model.onnx', growth: 3e8 });
  expect(grown).toBe('the process grew by 300 MB (refused: model.onnx)');
});
