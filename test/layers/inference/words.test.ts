import fc from 'fast-check';
import { joinWords, listWords, sliceWords } from '../../../layers/inference/words.ts';

const split = (text: string) => listWords(text).map((word) => word.text);

it.each([
  ["I don't like it, at all.", ['I', "don't", 'like', 'it', ',', 'at', 'all', '.']],
  ['well-made: 3.5/10 :( @user #fail', ['well', '-', 'made', ':', '3.5', '/', '10', ':(', '@', 'user', '#', 'fail']],
  ['great!!! 😀😀 ❤️', ['great', '!!!', '😀😀', '❤️']],
  ['我爱你。ok', ['我', '爱', '你', '。', 'ok']],
  ['nai\u0308ve foo_bar', ['nai\u0308ve', 'foo_bar']],
  [' \n\t', []],
])('lists the words of %j', (text, words) => {
  expect(split(text)).toEqual(words);
});

it('cuts what nobody separated, between characters', () => {
  expect(split('a'.repeat(250)).map((word) => word.length)).toEqual([100, 100, 50]);
  expect(split('😀'.repeat(150)).map((word) => word.length)).toEqual([200, 100]);
});

it('gives offsets in code points, and in UTF-16 units', () => {
  expect(listWords('😀 so 👍🏽 good')).toEqual([
    { text: '😀', at: 0, start: 0, end: 1 },
    { text: 'so', at: 3, start: 2, end: 4 },
    { text: '👍🏽', at: 6, start: 5, end: 7 },
    { text: 'good', at: 11, start: 8, end: 12 },
  ]);
});

it('finds every character but white space in one word, for any text', () => {
  const check = (text: string) => {
    const words = listWords(text);
    const points = [...text];
    for (const word of words) {
      expect(points.slice(word.start, word.end).join('')).toBe(word.text);
      expect(text.startsWith(word.text, word.at)).toBe(true);
    }
    expect(words.map((word) => word.text).join('')).toBe(text.replace(/\s/g, ''));
  };
  fc.assert(
    fc.property(
      fc.string({ unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(' ', "'", '.', '我', '😀')) }),
      check,
    ),
  );
});

it('slices a text from word to word, white space between them included', () => {
  const text = ' Not  bad , honestly';
  expect(sliceWords(text, listWords(text).slice(0, 3))).toBe('Not  bad ,');
  expect(sliceWords(text, [])).toBe('');
});

it('joins the words that stay, apart where others are left out', () => {
  const words = listWords('The well-made film');
  expect(joinWords(words)).toBe('The well-made film');
  expect(joinWords(words.filter(({ text }) => text !== '-'))).toBe('The well made film');
  expect(joinWords(words.slice(1, 3))).toBe('well-');
});
