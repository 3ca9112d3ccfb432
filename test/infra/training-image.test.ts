import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainingImage } from './serverless.mjs';
import { at, type JsonObject, listOf, propertiesOf, synthesize, textOf } from './template.ts';

// What it becomes when it is built is the affair of `npm run test:train-image`.
const dockerfile = readFileSync(join(import.meta.dirname, '..', '..', 'Dockerfile.train'), 'utf8');
const find = (pattern: RegExp) => pattern.exec(dockerfile)?.[1];
const container = at(
  propertiesOf(synthesize('dev', { trainingImage }), 'TrainingJob'),
  'ContainerProperties',
) as JsonObject;

describe('Dockerfile.train', () => {
  it('ends as the user that the job runs as, whom it has made', () => {
    const users = [...dockerfile.matchAll(/^USER (\S+)$/gm)].map(([, user]) => user);
    expect(users).toEqual([container.User]);
    expect(find(/useradd --uid 1000 --create-home .* (\S+) /)).toBe(container.User);
  });

  it('works in app and expects the data in data, below that user’s home', () => {
    expect(find(/^WORKDIR (\S+)$/m)).toBe(`/home/${container.User}/app`);
    expect(find(/install --directory .* (\S+) /)).toBe(`/home/${container.User}/data`);
    expect(find(/^ENV HOME=(\S+) /m)).toBe(`/home/${container.User}`);
  });

  it('stands on an exact tag of NVIDIA’s base flavour, which a build may replace', () => {
    expect(find(/^ARG BASE=(\S+)$/m)).toMatch(/^nvidia\/cuda:\d+\.\d+\.\d+-base-ubuntu\d\d\.\d\d$/);
    expect(find(/^FROM (\S+)$/m)).toBe('$' + '{BASE}');
  });

  it('runs the job’s command where none is given', () => {
    expect(JSON.parse(find(/^CMD (.+)$/m) ?? '')).toEqual(container.Command);
  });

  it('keeps its caches where the job keeps them', () => {
    const variables = listOf(container.Environment).map((entry) => [at(entry, 'Name'), textOf(at(entry, 'Value'))]);
    const caches = variables.filter(([name]) => /_CACHE_|_CACHE$/.test(String(name)));
    expect(caches.length).toBeGreaterThan(0);
    for (const [name, value] of caches) expect(find(new RegExp(`^(?:ENV)? *${name}=(\\S+)`, 'm'))).toBe(value);
  });
});
