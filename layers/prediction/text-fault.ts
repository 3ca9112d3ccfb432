// Which texts cannot be classified.

/** Longest text that is accepted, in characters (Unicode code points, as OpenAPI counts). */
export const maxCharacters = 100_000;

/** A character that is no white space. JavaScript's `\s` lacks some characters that are white space to the tokenizer. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to the tokenizer
const visible = /[^\s\u001c-\u001f\u0085]/;

/** The error code for a text that cannot be classified, or undefined. */
export function findTextFault(text: string): 'SENTENCE_BLANK' | 'SENTENCE_TOO_LONG' | undefined {
  if (isLongerThan(text, maxCharacters)) return 'SENTENCE_TOO_LONG';
  return visible.test(text) ? undefined : 'SENTENCE_BLANK';
}

/** Counts code points only if the count of UTF-16 units, which costs nothing, does not decide. */
function isLongerThan(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  return text.length > 2 * characters || Array.from(text).length > characters;
}
