import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const readme = readFileSync('README.md', 'utf8');

it('names only files and folders that there are', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path);
  const [, tree = ''] = readme.split('## What is where');
  const [, block = ''] = tree.split('```');
  const folders = [...block.matchAll(/^([a-z]+(?:\/[a-z]+)*)\/ /gm)].map(([, path]) => path);
  expect(links.length).toBeGreaterThan(5);
  expect(folders.length).toBeGreaterThan(7);
  expect([...links, ...folders].filter((path) => !existsSync(path ?? ''))).toEqual([]);
});

it('lists every setting of training with its default', () => {
  const print =
    'from settings import Settings; from dataclasses import fields; print(*(f.name.upper() for f in fields(Settings)))';
  const env = { ...process.env, PYTHONPATH: 'training' };
  const names = execFileSync(join('.venv', 'bin', 'python'), ['-c', print], { env, encoding: 'utf8' })
    .trim()
    .split(' ');
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !readme.includes(`| \`${name}\` |`))).toEqual([]);
});

it('lists every setting of serving', () => {
  const source = readFileSync('functions/predict/configuration.ts', 'utf8');
  const names = new Set(source.match(/\b(?:MODEL|LOG)_[A-Z]+\b/g));
  expect(names.size).toBeGreaterThan(3);
  expect([...names].filter((name) => !readme.includes(`| \`${name}\` |`))).toEqual([]);
});
