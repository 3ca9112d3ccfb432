import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addDigest, canonicalize, computeDigest, hasOwnDigest } from '../../../layers/model-store/digest.ts';

const table: readonly { readonly digest: string; readonly document: object }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'digest.json'), 'utf8'),
);

it.each(table)('is that of the table, which training computes too: $digest', ({ digest, document }) => {
  expect(computeDigest(document)).toBe(digest);
});

it('depends on every field and list, and not on their order, white space or undefined fields', () => {
  const signed = addDigest({ labels: ['negative', 'positive'], temperature: 1.31, fp16: undefined });
  expect(hasOwnDigest(JSON.parse(JSON.stringify(signed, null, 2)))).toBe(true);
  const { labels, temperature, digest } = signed;
  expect(hasOwnDigest({ digest, temperature, labels })).toBe(true);
  for (const change of [{ temperature: 1.32 }, { labels: labels.toReversed() }, { labels: [] }, { more: 0 }])
    expect(hasOwnDigest({ ...signed, ...change })).toBe(false);
});

it('leaves a document without a digest as it is: it is older than digests', () => {
  expect(hasOwnDigest({ temperature: 1.31 })).toBe(true);
});

it('counts a field of the name of the prototype', () => {
  expect(canonicalize(JSON.parse('{"__proto__": {"a": 1}}'))).toBe('{"__proto__":{"a":1}}');
});
