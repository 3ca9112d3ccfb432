// Prints the rules of layers/inference/tokenizer.ts: every character that the JavaScript tokenizer treats differently
// than the Rust one. It tries each code point with both. Run it when either package or Unicode changes:
// node test/layers/inference/character-differences.mjs
import { BertNormalizer, BertPreTokenizer } from '@huggingface/tokenizers';
import { bertNormalizer, bertPreTokenizer } from 'tokenizers';

const rust = { normalizer: bertNormalizer(), splitter: bertPreTokenizer() };
const script = {
  normalizer: new BertNormalizer({
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  }),
  splitter: new BertPreTokenizer(),
};
const rustWords = (text) =>
  rust.splitter.preTokenizeString(rust.normalizer.normalizeString(text)).map(([word]) => word);
const scriptWords = (text) => script.splitter(script.normalizer(text));

/** What a tokenizer did with a character between two letters. */
function fate(words) {
  if (words.length === 1) return words[0] === 'ab' ? 'removed' : 'inWord';
  return words.length === 2 ? 'space' : 'ownWord';
}

function toRanges(points) {
  const ranges = [];
  for (const point of points) {
    const last = ranges.at(-1);
    if (last?.[1] === point - 1) last[1] = point;
    else ranges.push([point, point]);
  }
  return ranges;
}

const escaped = (point) => `\\u{${point.toString(16)}}`;
const differing = {};
for (let point = 0; point < 0x110000; point++) {
  if (point >= 0xd800 && point < 0xe000) continue;
  const text = `a${String.fromCodePoint(point)}b`;
  const [wanted, got] = [rustWords(text), scriptWords(text)];
  if (JSON.stringify(wanted) === JSON.stringify(got)) continue;
  differing[`${fate(wanted)} in Rust, ${fate(got)} in JavaScript`] ??= [];
  differing[`${fate(wanted)} in Rust, ${fate(got)} in JavaScript`].push(point);
}

for (const [kind, points] of Object.entries(differing)) {
  const ranges = toRanges(points).map(([first, last]) => (first === last ? [first] : [first, last]));
  console.log(`${kind}: ${ranges.map((range) => range.map(escaped).join('-')).join('')}`);
}
