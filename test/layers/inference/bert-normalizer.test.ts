import fc from 'fast-check';
import { bertNormalizer, bertPreTokenizer } from 'tokenizers';
import { createBertNormalizer, splitWords } from '../../../layers/inference/bert-normalizer.ts';
import { cleanText } from '../../../layers/inference/tokenizer.ts';

const kinds = {
  uncased: { clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  cased: { clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: false },
  'uncased with accents': { clean_text: true, handle_chinese_chars: true, strip_accents: false, lowercase: true },
  'cased without accents': { clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: false },
  'cased, Chinese unsplit': { clean_text: true, handle_chinese_chars: false, strip_accents: false, lowercase: false },
  'uncased, nothing cleaned': { clean_text: false, handle_chinese_chars: false, strip_accents: null, lowercase: true },
} as const;

const splitter = bertPreTokenizer();

/** First characters of the blocks of 1024 that hold assigned characters, and some of each kind that do not. */
const blocks = Array.from({ length: 0x110000 / 0x400 }, (_, block) => block * 0x400).filter(
  (first) => first < 0x33800 || (first & 0xffff) === 0,
);

describe.each(Object.entries(kinds))('the words of a tokenizer that is %s', (_kind, config) => {
  const normalize = createBertNormalizer(config);
  const rust = bertNormalizer({
    cleanText: config.clean_text,
    handleChineseChars: config.handle_chinese_chars,
    ...(config.strip_accents === null ? {} : { stripAccents: config.strip_accents }),
    lowercase: config.lowercase,
  });

  function expectReferenceWords(text: string): void {
    const cleaned = cleanText(text);
    const expected = splitter.preTokenizeString(rust.normalizeString(cleaned))?.map(([word]) => word) ?? [];
    const words = splitWords(normalize(cleaned));
    // Comparing thousands of words by toEqual takes longer than making them.
    if (words.join('\n') !== expected.join('\n')) expect({ text, words }).toEqual({ text, words: expected });
  }

  it('are those of the Rust library on every assigned character between letters', () => {
    for (const first of blocks) {
      const characters = Array.from({ length: 0x400 }, (_, index) => String.fromCodePoint(first + index));
      expectReferenceWords(characters.map((character) => `a${character}B ${character}`).join(' '));
    }
  });

  it('are those of the Rust library on every mark before and behind marks of other orders', () => {
    const others = ['\u0334', '\u094d', '\u{1d165}', '\u0316', '\u0301', '\u0345'];
    const pairs = (mark: string) => others.flatMap((other) => [`a${mark}${other}`, `a${other}${mark}`]);
    for (let first = 0; first < 0x20000; first += 0x400) {
      const characters = Array.from({ length: 0x400 }, (_, index) => String.fromCodePoint(first + index));
      expectReferenceWords(
        characters
          .filter((one) => /\p{M}/u.test(one))
          .flatMap(pairs)
          .join(' '),
      );
    }
  });

  it('are those of the Rust library on random texts', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.integer({ min: 0x300, max: 0x1fff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(' ', 'Good', 'ΟΔΥΣΣΕΥΣ', 'É', 'e\u0301', 'İ', '本', '\u{20000}', '😀', '-', '\ufe0f'),
    );
    const texts = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''));
    fc.assert(fc.property(texts, expectReferenceWords), { numRuns: 1000 });
  });
});
