import { findExcess } from '../../../layers/model-store/excess.ts';

const nest = (depth: number): unknown => (depth === 0 ? 0 : [nest(depth - 1)]);

it('finds nothing in the largest document that a version needs', () => {
  const parts = Array.from({ length: 62_000 }, () => 'f'.repeat(64));
  expect(findExcess({ manifest: { files: [{ parts }] } })).toBeUndefined();
  expect(findExcess(nest(64))).toBeUndefined();
});

it('says what a document has too much of', () => {
  expect(findExcess(nest(65))).toBe('has more than 64 objects and lists within each other');
  expect(findExcess(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toMatch(/within each other/);
  expect(findExcess(Array.from({ length: 70_000 }, () => 0))).toBe('has more than 70000 values');
  expect(findExcess(Array.from({ length: 10_000 }, () => ({})))).toBe('has more than 10000 objects and lists');
});
