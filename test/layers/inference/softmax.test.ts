import fc from 'fast-check';
import { softmax } from '../../../layers/inference/softmax.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

it('gives equal logits equal probabilities', () => {
  expect(softmax([3, 3], 1.3)).toEqual([0.5, 0.5]);
});

it('is the logistic function of the difference for two labels', () => {
  expect(softmax([-1, 2], 1.5)[1]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
});

it('makes answers less sure as the temperature rises', () => {
  expect(softmax([0, 2], 2)[1]).toBeLessThan(softmax([0, 2], 1)[1] ?? 0);
});

it('sums to one and keeps the order of the logits, however large they are', () => {
  const check = ([first, second]: [number, number], temperature: number) => {
    const [low = Number.NaN, high = Number.NaN] = softmax([first, second], temperature);
    expect(low + high).toBeCloseTo(1, 9);
    expect(Math.sign(high - low)).toBe(Math.sign(high - low) === 0 ? 0 : Math.sign(second - first));
  };
  fc.assert(fc.property(fc.tuple(finite, finite), fc.double({ min: 0.05, max: 20, noNaN: true }), check));
});
