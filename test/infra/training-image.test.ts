import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainingImage } from './serverless.mjs';
import { at, type JsonObject, listOf, propertiesOf, synthesize, textOf } from './template.ts';

// `npm run test:train-image` tests the built image.
const dockerfile = readFileSync(join(import.meta.dirname, '..', '..', 'Dockerfile.train'), 'utf8');
const find = (pattern: RegExp) => pattern.exec(dockerfile)?.[1];
const container = at(
  propertiesOf(synthesize('dev', { trainingImage }), 'TrainingJob'),
  'ContainerProperties',
) as JsonObject;

describe('Dockerfile.train', () => {
  it('creates the user that the job runs as, and ends as this user', () => {
    const users = [...dockerfile.matchAll(/^USER (\S+)$/gm)].map(([, user]) => user);
    expect(users).toEqual([container.User]);
    expect(find(/useradd --uid 1000 --create-home .* (\S+) /)).toBe(container.User);
  });

  it('works in the folder app and expects data in the folder data, both in that user’s home', () => {
    expect(find(/^WORKDIR (\S+)$/m)).toBe(`/home/${container.User}/app`);
    expect(find(/install --directory .* (\S+) /)).toBe(`/home/${container.User}/data`);
    expect(find(/^ENV HOME=(\S+) /m)).toBe(`/home/${container.User}`);
  });

  it('uses an exact tag of NVIDIA’s base flavour by default', () => {
    expect(find(/^ARG BASE=(\S+)$/m)).toMatch(/^nvidia\/cuda:\d+\.\d+\.\d+-base-ubuntu\d\d\.\d\d$/);
    const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(stages).toEqual(['$' + '{BASE}', 'packages', 'packages']);
  });

  it('runs the job’s command by default', () => {
    expect(JSON.parse(find(/^CMD (.+)$/m) ?? '')).toEqual(container.Command);
  });

  it('keeps its caches where the job keeps them', () => {
    const variables = listOf(container.Environment).map((entry) => [at(entry, 'Name'), textOf(at(entry, 'Value'))]);
    const caches = variables.filter(([name]) => /_CACHE_|_CACHE$/.test(String(name)));
    expect(caches.length).toBeGreaterThan(0);
    for (const [name, value] of caches) expect(find(new RegExp(`^(?:ENV)? *${name}=(\\S+)`, 'm'))).toBe(value);
  });
});
