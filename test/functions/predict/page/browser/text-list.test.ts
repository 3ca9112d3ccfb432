import { takeChunk } from '../../../../../functions/predict/page/browser/text-list.ts';

const count = (texts: readonly string[], from: number) => takeChunk(texts, from).length;

it('takes at most 32 texts for one request, from a position on', () => {
  const texts = Array.from({ length: 70 }, (_, index) => `text ${index}`);
  expect(takeChunk(texts, 0)).toEqual(texts.slice(0, 32));
  expect(takeChunk(texts, 32)).toEqual(texts.slice(32, 64));
  expect(takeChunk(texts, 64)).toEqual(texts.slice(64));
});

it('takes fewer where they are long, but always one', () => {
  const long = 'x'.repeat(90_000);
  expect(count([long, long, long], 0)).toBe(2);
  expect(count(['x'.repeat(300_000), 'x'], 0)).toBe(1);
  expect(count(['x', 'x'.repeat(300_000), 'x'], 1)).toBe(1);
});
