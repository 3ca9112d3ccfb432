import { createObserver } from '../../../functions/predict/observability.ts';
import type { Measure } from '../../../layers/telemetry/index.ts';

const environment = { memoryMb: 2048, architecture: 'x64', initType: 'on-demand' };

type Request = Parameters<ReturnType<typeof createObserver>>;

const observe = (...request: Request) => observeWith({}, ...request);

function observeWith({ drift = false }: { readonly drift?: boolean }, ...request: Request) {
  const values: Record<string, number> = {};
  const record = (measures: readonly Measure[]) => {
    for (const { name, value } of measures) values[name] = value;
  };
  const now = () => Date.parse('2026-01-02T00:00:00Z');
  createObserver({ record }, environment, { drift, now })(...request);
  return values;
}

it('estimates the cost of a request, rounded up to whole milliseconds', () => {
  const { GigabyteSeconds, CostPerThousand } = observe({}, 99.2);
  expect(GigabyteSeconds).toBeCloseTo(0.2, 10);
  expect(CostPerThousand).toBeCloseTo(1000 * (0.2 * 0.0000166667 + 0.0000002), 10);
});

it('records the age of the model that answered', () => {
  expect(observe({ modelCreatedAt: '2026-01-01T00:00:00Z' }, 1).ModelAge).toBe(86_400);
});

it('counts unknown tokens, and the answer under its class', () => {
  expect(observe({ label: 'neutral', tokens: 9, unknown: 2 }, 1)).toMatchObject({ Unknown: 2, Neutral: 1 });
  expect(observe({ label: 'positive', tokens: 9 }, 1)).toMatchObject({ Unknown: 0, Positive: 1 });
});

it('counts truncated texts', () => {
  expect(observe({ tokens: 512, truncated: true }, 1)).toMatchObject({ Tokens: 512, Truncated: 1 });
  expect(observe({ tokens: 9, truncated: false }, 1)).toMatchObject({ Tokens: 9, Truncated: 0 });
});

it('counts answers by bin where drift is measured, and nowhere else', () => {
  const predictions = [
    { label: 'positive', score: 0.99, tokens: 8, unknown: 0 },
    { label: 'negative', score: 0.55, tokens: 300, unknown: 40 },
    { label: 'negative', score: 0.99, tokens: 20, unknown: 0 },
  ];
  expect(Object.keys(observe({ predictions }, 1)).join()).not.toContain('Bin');
  expect(observeWith({ drift: true }, { predictions }, 1)).toMatchObject({
    ...{ ScoreBin1: 1, ScoreBin5: 2 },
    ...{ LengthBin1: 1, LengthBin2: 1, LengthBin4: 1 },
    ...{ UnknownBin1: 2, UnknownBin3: 1 },
  });
});
