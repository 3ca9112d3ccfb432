import { toDollars } from '../../../bench/parts/cost.ts';
import { priceMillion } from '../../../bench/price.ts';
import type { Row } from '../../../bench/results.ts';

const row = (name: string, at: string, ms: number, ratio?: number): Row => ({
  name,
  at,
  unit: 'ms',
  p50: ms,
  p99: ms,
  min: ms,
  blocks: [ms, ms],
  ratio,
});

test('ratios of costs are those of dollars at the same length, not those of times', () => {
  const rows = [
    row('this project', '8 tokens', 5),
    row('this project', '512 tokens', 100),
    row('other', '512 tokens', 1000, 10),
  ];
  const [, ours, other] = toDollars(rows);
  expect(ours).toMatchObject({ unit: 'dollars', p50: priceMillion(100, 1769), ratio: undefined });
  expect(other?.ratio).toBeCloseTo(priceMillion(1000, 1769) / priceMillion(100, 1769), 10);
  expect(other?.ratio).toBeLessThan(10);
});
