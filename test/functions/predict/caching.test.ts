import { createTag, matchesTag } from '../../../functions/predict/caching.ts';

const tag = createTag('version', 'a sentence');

it('gives equal parts equal tags and different parts different tags, also if only the boundary between them differs', () => {
  expect(createTag('version', 'a sentence')).toBe(tag);
  expect(createTag('version', 'a sentence ')).not.toBe(tag);
  expect(createTag('ab', 'c')).not.toBe(createTag('a', 'bc'));
});

it('makes weak tags of characters that a header may contain', () => {
  expect(createTag('version', '"\r\n😀')).toMatch(/^W\/"[\w-]{22}"$/);
});

it.each([
  ['the tag itself', tag],
  ['its strong form', tag.slice(2)],
  ['a list', `"other", W/"a,b" ,${tag}`],
  ['anything', ' * '],
])('matches %s', (_, header) => {
  expect(matchesTag(header, tag)).toBe(true);
});

it.each([
  ['no header', undefined],
  ['another tag', 'W/"other"'],
  ['the tag without quotes', tag.slice(3, -1)],
  ['an empty header', ''],
  ['a tag that contains a star', '"*"'],
])('does not match %s', (_, header) => {
  expect(matchesTag(header, tag)).toBe(false);
});
