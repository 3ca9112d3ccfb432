import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runPart, shareCases } from './processes.ts';

const folder = resolve('test', 'campaigns');

/** Runs a part of planted.mjs. */
function run(name: string, stopping = new AbortController()) {
  const part = { name, unit: 'cases', short: 10, parallel: true, run: () => Promise.reject(new Error('not here')) };
  const module = pathToFileURL(join(folder, 'planted.mjs')).href;
  let advanced = 0;
  const advance = (cases: number) => {
    advanced += cases;
    if (name === 'endless') stopping.abort();
  };
  const { signal } = stopping;
  const child = join(folder, 'child.mjs');
  const outcome = runPart(part, { module, child, processes: 2, count: 9, seed: 5, dist: 'dist', signal, advance });
  return outcome.then((result) => ({ ...result, advanced }));
}

it('adds up what came of all processes, each with a seed of its own', async () => {
  expect(await run('sound')).toEqual({
    count: 9,
    advanced: 9,
    outcomes: { right: 9, 'seed 5': 1, 'seed 6': 1 },
    findings: [],
    lines: [],
  });
});

it('passes on what a process found', async () => {
  expect((await run('wrong')).findings).toEqual(['One is not two.', 'One is not two.']);
});

it.each([
  ['crash', /^A process with --seed 5 --count 4 ended by status 1 after \d cases: .*Error: planted/],
  ['orphan', /Error: planted/],
  ['rejection', /ended by status 1 after 0 cases: .*nobody handles this/],
])('finds a process that ends without an outcome: %s', async (name, words) => {
  const { findings, outcomes } = await run(name);
  expect(outcomes).toEqual({ crashed: 2 });
  expect(findings).toEqual([expect.stringMatching(words), expect.stringMatching(/--seed 6/)]);
});

it('returns what is there when it is stopped', async () => {
  const { count, findings } = await run('endless');
  expect(findings).toEqual([]);
  expect([3, 4, 7]).toContain(count);
});

it.each([
  [10, 3, [3, 3, 4]],
  [2, 8, [1, 1]],
  [7, 1, [7]],
])('shares %d cases among %d processes', (count, processes, shares) => {
  expect(shareCases(count, processes)).toEqual(shares);
});
