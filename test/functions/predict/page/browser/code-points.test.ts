import { countCodePoints } from '../../../../../functions/predict/page/browser/code-points.ts';

it('finds parts of a text by code points, not by UTF-16 units', () => {
  const points = countCodePoints('good 😀 book');
  expect(points.length).toBe(11);
  expect(points.slice(5, 6)).toBe('😀');
  expect(points.slice(7, 11)).toBe('book');
  expect([points.toUnits(5), points.toUnits(6), points.toUnits(11)]).toEqual([5, 7, 12]);
});

it('counts a lone surrogate as one, and keeps offsets inside the text', () => {
  const points = countCodePoints('a\ud83d b');
  expect(points.length).toBe(4);
  expect(points.slice(3, 99)).toBe('b');
  expect(points.slice(-1, 1)).toBe('a');
});
