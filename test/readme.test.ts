import { existsSync, readFileSync } from 'node:fs';

const readme = readFileSync('README.md', 'utf8');

it('names only files and folders that exist', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path);
  const [, tree = ''] = readme.split('## What is where');
  const [, block = ''] = tree.split('```');
  const folders = [...block.matchAll(/^([a-z]+(?:\/[a-z]+)*)\/ /gm)].map(([, path]) => path);
  expect(links.length).toBeGreaterThan(5);
  expect(folders.length).toBeGreaterThan(7);
  expect([...links, ...folders].filter((path) => !existsSync(path ?? ''))).toEqual([]);
});

it.each(['predict', 'promote'])('docs/settings.md lists every setting of functions/%s', (name) => {
  const settings = readFileSync('docs/settings.md', 'utf8');
  const source = readFileSync(`functions/${name}/configuration.ts`, 'utf8');
  const names = new Set(source.match(/\b(?:MODEL|LOG|ACCURACY|LATENCY|SIZE|TOPIC)_[A-Z]+\b/g));
  expect(names.size).toBeGreaterThan(3);
  expect([...names].filter((name) => !settings.includes(`| \`${name}\` |`))).toEqual([]);
});

it("shows the architecture's diagram, whose parts the repository has", () => {
  const [, diagram = ''] = readFileSync('docs/architecture.md', 'utf8').split('```\n');
  expect(diagram).toContain('API Gateway');
  expect(readme).toContain(diagram);
  const system = readFileSync('serverless.yml', 'utf8');
  const parts = ['functions/promote/index.handler', 'functions/predict/index.handler'];
  const missing = parts.filter((part) => !system.includes(part) && !existsSync(`${part.replace('.handler', '')}.ts`));
  expect(missing).toEqual([]);
});
