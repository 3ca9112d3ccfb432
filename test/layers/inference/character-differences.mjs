// Prints the ranges of layers/inference/bert-normalizer.ts: the characters that the Rust tokenizer's older tables put into
// another class than JavaScript does. It tries each code point. Run it when `tokenizers` or Unicode changes:
// node test/layers/inference/character-differences.mjs
import { bertNormalizer, bertPreTokenizer, nfdNormalizer } from 'tokenizers';

const cased = { cleanText: true, handleChineseChars: false, stripAccents: false, lowercase: false };
const keeping = bertNormalizer(cased);
const stripping = bertNormalizer({ ...cased, stripAccents: true });
const separating = bertNormalizer({ ...cased, handleChineseChars: true });
const decomposing = nfdNormalizer();
const splitter = bertPreTokenizer();

/** Old marks of every canonical combining class that many marks have. */
const oldMarks = [
  '\u0334',
  '\u093c',
  '\u3099',
  '\u094d',
  '\u05b0',
  '\u0327',
  '\u{1d165}',
  '\u0316',
  '\u0301',
  '\u0345',
];

/** Whether the order of a mark and an old one, in some order, is another in Rust. */
const isReordered = (c) =>
  oldMarks.some((mark) =>
    [c + mark, mark + c].some((pair) => pair.normalize('NFD') !== decomposing.normalizeString(pair)),
  );

/** What Rust does with a character between two letters. */
function fate(character, normalizer) {
  const words = splitter.preTokenizeString(normalizer.normalizeString(`a${character}b`)).map(([word]) => word);
  if (words.length === 1) return words[0] === 'ab' ? 'removed' : 'inWord';
  return words.length === 2 ? 'space' : 'ownWord';
}

const classes = {
  newPunctuation: (c) => /\p{P}/u.test(c) && fate(c, keeping) === 'inWord',
  'punctuation to Rust only': (c) => !/[\p{P}!-~]/u.test(c) && fate(c, keeping) === 'ownWord',
  newFormats: (c) => /[\p{Cc}\p{Cf}\p{Co}]/u.test(c) && fate(c, keeping) === 'inWord',
  'invisible to Rust only': (c) => !/[\p{Cc}\p{Cf}\p{Co}\ufffd]/u.test(c) && fate(c, keeping) === 'removed',
  newMarks: (c) => /\p{Mn}/u.test(c) && fate(c, stripping) === 'inWord',
  'accents to Rust only': (c) =>
    !/\p{Mn}/u.test(c) && fate(c, keeping) === 'inWord' && fate(c, stripping) === 'removed',
  newCompositions: (c) => c.normalize('NFD') !== c && stripping.normalizeString(c) === c,
  newOrders: (c) => /\p{M}/u.test(c) && isReordered(c),
  ideographs: (c) => fate(c, separating) === 'ownWord' && fate(c, keeping) === 'inWord',
};

const found = Object.fromEntries(Object.keys(classes).map((name) => [name, []]));
for (let point = 0; point < 0x110000; point++) {
  if (point >= 0xd800 && point < 0xe000) continue;
  for (const [name, belongs] of Object.entries(classes)) {
    if (!belongs(String.fromCodePoint(point))) continue;
    const last = found[name].at(-1);
    if (last?.[1] === point - 1) last[1] = point;
    else found[name].push([point, point]);
  }
}
for (const [name, ranges] of Object.entries(found)) {
  const written = ranges.map(([first, last]) =>
    [...new Set([first, last])].map((point) => point.toString(16)).join('-'),
  );
  console.log(`${name}: ${written.join(' ')}`);
}
