import { priceMillion } from '../../bench/price.ts';

test("a million requests of 100 ms with 1,769 MB cost what Lambda's price list says", () => {
  // 0.1 s × 1769/1024 GB × $0.0000166667 × 1,000,000, and $0.20 for the requests.
  expect(priceMillion(100, 1769)).toBeCloseTo(2.8793 + 0.2, 3);
});

test('a begun millisecond is billed whole', () => {
  expect(priceMillion(7.01, 1024)).toBe(priceMillion(8, 1024));
});
