import { readFileSync } from 'node:fs';
import type { Contender } from '../../bench/bench.ts';
import { chooseContenders } from '../../bench/contenders.ts';

const all: readonly Contender[] = JSON.parse(readFileSync('bench/contenders.json', 'utf8'));

it('are all in a full run', () => {
  expect(chooseContenders(all, false)).toEqual(all);
});

it('are those without a long wait in a quick run, this project first', () => {
  const quick = chooseContenders(all, true);
  expect(quick[0]?.name).toBe('this project');
  expect(quick.filter(({ padded }) => padded).map(({ name, service }) => ({ name, service }))).toEqual([
    { name: 'tutorial service', service: undefined },
  ]);
  expect(quick.filter(({ service }) => service).length).toBeGreaterThanOrEqual(4);
});
