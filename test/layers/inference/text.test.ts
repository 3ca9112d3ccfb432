import { cleanText, foldWhiteSpace } from '../../../layers/inference/text.ts';

// The characters for which Python 3's str.isspace() holds.
const pythonSpaces =
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

it.each([...pythonSpaces])('folds %j, alone and in runs', (space) => {
  expect(foldWhiteSpace(`${space}a${space}b ${space}c${space}`)).toBe('a b c');
});

it('folds nothing else', () => {
  const spaces = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).filter(
    (character) => foldWhiteSpace(`a${character}b`) === 'a b',
  );
  expect(spaces.join('')).toBe(pythonSpaces);
});

it('leaves nothing of a blank text', () => {
  expect(foldWhiteSpace(' \n\u3000')).toBe('');
});

it('replaces unpaired surrogates and keeps pairs', () => {
  expect(cleanText('a\ud800 😀 \udc00')).toBe('a\ufffd 😀 \ufffd');
});
