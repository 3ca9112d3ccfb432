import { existsSync, readdirSync, readFileSync } from 'node:fs';

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

const listConfigurations = () =>
  readdirSync('functions')
    .map((name) => `functions/${name}/configuration.ts`)
    .filter((path) => existsSync(path));

it('docs/settings.md lists every setting that a function reads', () => {
  const settings = readFileSync('docs/settings.md', 'utf8');
  const files = ['layers/prediction/model-settings.ts', ...listConfigurations()];
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const names = new Set(source.match(/(?<!constants\.)\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g));
  expect(names.size).toBeGreaterThan(9);
  const unlisted = [...names].filter((name) => !name.startsWith('AWS_') && !settings.includes(`| \`${name}\` |`));
  expect(unlisted).toEqual([]);
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
