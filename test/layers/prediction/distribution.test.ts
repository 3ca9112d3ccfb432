import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Bins,
  binsOf,
  type CountedPrediction,
  countBins,
  countClasses,
  listBinMetrics,
} from '../../../layers/prediction/distribution.ts';

interface Case extends CountedPrediction {
  readonly bins: Bins;
}

type Counts = Readonly<Record<keyof Bins, readonly number[]>>;

/** What training's own test is run on. */
const fixture: {
  readonly cases: readonly Case[];
  readonly distribution: Counts & { readonly class: Readonly<Record<string, number>> };
} = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'distribution.json'), 'utf8'));

it('puts each answer of the fixture into the bins that training puts it into', () => {
  expect(fixture.cases.map(binsOf)).toEqual(fixture.cases.map(({ bins }) => bins));
});

it('counts answers by bin under the names in which they are looked up', () => {
  const counted = new Map(
    [...countBins(fixture.cases), ...countClasses(fixture.cases)].map(({ name, value }) => [name, value]),
  );
  const { class: classes, ...binned } = listBinMetrics(Object.keys(fixture.distribution.class));
  for (const feature of ['score', 'length', 'unknown'] as const)
    expect(binned[feature].map((name) => counted.get(name) ?? 0)).toEqual(fixture.distribution[feature]);
  expect(classes.map((name) => counted.get(name))).toEqual(Object.values(fixture.distribution.class));
});

it('leaves out the bins that have no answer', () => {
  expect(countBins([{ score: 0.93, tokens: 8, unknown: 0 }])).toEqual([
    { name: 'ScoreBin4', unit: 'Count', value: 1 },
    { name: 'LengthBin1', unit: 'Count', value: 1 },
    { name: 'UnknownBin1', unit: 'Count', value: 1 },
  ]);
  expect(countBins([])).toEqual([]);
});
