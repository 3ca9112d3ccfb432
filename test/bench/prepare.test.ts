import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashRecipe, runProgram } from '../../bench/prepare.ts';

function writeProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'project-'));
  for (const folder of ['bench/peers', 'training']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'bench/peers/peer_models.py'), 'import json\n\nfrom export import export\n');
  writeFileSync(join(root, 'training/export.py'), 'import shape\nimport export\n');
  writeFileSync(join(root, 'training/shape.py'), 'WIDTH = 1\n');
  writeFileSync(join(root, 'training/other.py'), '\n');
  writeFileSync(join(root, 'training/requirements.txt'), 'torch==1\n');
  return root;
}

test.each(['bench/peers/peer_models.py', 'training/export.py', 'training/shape.py', 'training/requirements.txt'])(
  'models are made again when %s changes',
  (path) => {
    const root = writeProject();
    const copy = mkdtempSync(join(tmpdir(), 'project-'));
    cpSync(root, copy, { recursive: true });
    expect(hashRecipe(copy)).toBe(hashRecipe(root));
    writeFileSync(join(copy, path), '# changed\n');
    expect(hashRecipe(copy)).not.toBe(hashRecipe(root));
  },
);

test('models are kept when a file changes that they do not depend on', () => {
  const root = writeProject();
  const before = hashRecipe(root);
  writeFileSync(join(root, 'training/other.py'), '# changed\n');
  expect(hashRecipe(root)).toBe(before);
});

test('a program that fails leaves all that it wrote in a file, and its error has no warnings', () => {
  const cache = mkdtempSync(join(tmpdir(), 'cache-'));
  const script = join(cache, 'fail.mjs');
  writeFileSync(script, "console.error('WARNING: one\\nERROR: two'); console.log('three'); process.exit(1);");
  const run = () => runProgram({ cache }, process.execPath, [script]);
  expect(run).toThrow(`${join(cache, 'failed.log')} has all that it wrote.\nERROR: two`);
  expect(run).not.toThrow('WARNING: one');
  expect(readFileSync(join(cache, 'failed.log'), 'utf8')).toBe('three\nWARNING: one\nERROR: two\n');
});
