// Texts that requests hold: words of the tiny model, any characters, blank and very long ones.
import fc from 'fast-check';

const words = fc.constantFrom(
  'a',
  'good',
  'bad',
  'book',
  'is',
  'the',
  'this',
  'best',
  'ever',
  'GOOD',
  'été',
  '本',
  '😀',
  '!',
  '123',
);

/** Texts of the model's words, which are the commonest. */
const sentences = fc.array(words, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(' '));

const awkward = fc.constantFrom(
  '',
  ' ',
  '\t\r\n',
  '\u0085\u2028\u3000',
  '\x1c\x1d\x1e\x1f',
  '\ufeff',
  '\u200b',
  '\0',
  'a\0b',
  '__proto__',
  'constructor',
  'null',
  '[CLS]',
  '%',
  '%00',
  '+',
  '&sentence=',
  '</script><script>',
  '{{7*7}}',
  "'; DROP TABLE",
  '\u202egood',
  '👨‍👩‍👧‍👦',
  'e\u0301\u0301\u0301',
  '\u{10ffff}',
);

/** Longer than the 32 tokens of the model, than 64 windows, and than a text may be. */
const long = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 20, max: 70 }).map((count) => 'good bad '.repeat(count)) },
  { weight: 6, arbitrary: fc.integer({ min: 500, max: 2500 }).map((count) => 'best '.repeat(count)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a'.repeat(100_000), 'a'.repeat(100_001), '😀'.repeat(100_000), ' '.repeat(100_001)),
  },
);

/** Any text in UTF-8. */
export const wholeTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 120, arbitrary: sentences },
  { weight: 40, arbitrary: awkward },
  { weight: 40, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 40, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed()) },
  { weight: 4, arbitrary: long },
);

/** Any text of JavaScript: also with half of a surrogate pair. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: wholeTexts },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.integer({ min: 0xd7f0, max: 0xe010 }).map((unit) => String.fromCharCode(unit)) }),
  },
);
