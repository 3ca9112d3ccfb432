import { priceMillion, toDollars } from '../../../bench/measurements/cost.ts';
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

test('ratios of costs compare dollars at the same length, not times', () => {
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

test("a million requests of 100 ms with 1,769 MB cost the price of Lambda's price list", () => {
  // 0.1 s × 1769/1024 GB × $0.0000166667 × 1,000,000, and $0.20 for the requests.
  expect(priceMillion(100, 1769)).toBeCloseTo(2.8793 + 0.2, 3);
});

test('a part of a millisecond is billed as a whole millisecond', () => {
  expect(priceMillion(7.01, 1024)).toBe(priceMillion(8, 1024));
});
