import { chooseAmount } from '../../../bench/measurements/load.ts';

it.each([
  [1, 16, 5, 16],
  [2, 16, 40, 48],
  [8, 8, 10, 16],
  [16, 16, 3, 32],
  [2, 16, 1e6, 1600],
])('lets %i clients make whole passes over %i texts for %i requests: %i', (clients, texts, wanted, amount) => {
  expect(chooseAmount({}, clients, texts, wanted)).toBe(amount);
});

it('needs no whole passes where every text takes as long as the longest', () => {
  expect(chooseAmount({ padded: true }, 2, 16, 3.4)).toBe(3);
  expect(chooseAmount({ padded: true }, 8, 16, 3.4)).toBe(8);
});
