import fc from 'fast-check';
import { formatProbabilities } from '../../../functions/predict/answer.ts';
import { formatProbability } from '../../../layers/prediction/index.ts';

// What Python prints for str(numpy.float32(x)) and str(1 - numpy.float32(x)), numpy 2.
it.each([
  [0.99670726, '0.99670726', '0.0032927394'],
  [0.5, '0.5', '0.5'],
  [1, '1.0', '0.0'],
  [0, '0.0', '1.0'],
  [0.0001, '1e-04', '0.9999'],
  [0.000015, '1.5e-05', '0.999985'],
  [1 / 3, '0.33333334', '0.6666666'],
  [0.99999994, '0.99999994', '5.9604645e-08'],
  [3.4e-10, '3.4e-10', '1.0'],
])('prints %d as numpy prints it', (probability, positive, negative) => {
  expect(formatProbabilities(probability)).toEqual({ positive, negative });
});

it('prints a decimal that reads back as the same single-precision number', () => {
  const check = (probability: number) => {
    expect(Math.fround(Number(formatProbability(probability)))).toBe(Math.fround(probability));
    expect(formatProbability(probability)).toMatch(/^\d\.\d+$|^\d(\.\d+)?e-\d\d$/);
  };
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), check));
});

it('prints two numbers whose sum is 1', () => {
  const check = (probability: number) => {
    const { positive, negative } = formatProbabilities(probability);
    expect(Math.abs(Number(positive) + Number(negative) - 1)).toBeLessThan(1e-7);
  };
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), check));
});
