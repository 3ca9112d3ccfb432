// Python's str.split() separators, spelled out because JavaScript's \s lacks U+001C–001F and U+0085 and has U+FEFF.
const whiteSpace =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to Python
  /[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/** Folds each run of white space into one space and trims the ends, as Python's `' '.join(text.split())` does. */
export function foldWhiteSpace(text: string): string {
  return text.replace(whiteSpace, ' ').replace(/^ | $/g, '');
}

/** Text as the tokenizer is to read it: unpaired surrogates become U+FFFD, then white space is folded. */
export function cleanText(text: string): string {
  return foldWhiteSpace(text.toWellFormed());
}
