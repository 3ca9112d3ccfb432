/**
 * The words of a text and where they are: what windows are cut between, and what an explanation weighs. They follow the
 * tokenizer in that no token reaches over white space or punctuation, but keep together what people read as one.
 */

/** A word, a run of punctuation or symbols, or one ideograph. */
export interface Word {
  readonly text: string;
  /** Where it begins, in UTF-16 units as JavaScript counts. */
  readonly at: number;
  /** Where it begins, in code points as Python counts. */
  readonly start: number;
  /** Where it ends, in code points; not included. */
  readonly end: number;
}

/**
 * Letters and digits with the apostrophes, points and commas within them (don't, 3.5), or else what is neither, such as
 * `:(` and emoji. The tokenizer makes every ideograph a token, so each is a word here too. A bound of 100 characters, the
 * longest word that it reads, keeps what nobody separated in pieces.
 */
const pattern =
  /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}](?:[\p{M}_]|['’.,](?=[\p{L}\p{N}]))*){1,100}|[^\s\p{L}\p{N}]{1,100}/gu;

/** Lists the words of a text in order. White space is in none. */
export function listWords(text: string): Word[] {
  let at = 0;
  let point = 0;
  return [...text.matchAll(pattern)].map((match) => {
    const start = point + countCodePoints(text.slice(at, match.index));
    const word = match[0];
    at = match.index + word.length;
    point = start + countCodePoints(word);
    return { text: word, at: match.index, start, end: point };
  });
}

/** The length of a text as Python counts it. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The part of a text from the first of some neighbouring words to the last, white space between them included. */
export function sliceWords(text: string, words: readonly Word[]): string {
  const [first, last] = [words[0], words.at(-1)];
  return first && last ? text.slice(first.at, last.at + last.text.length) : '';
}

/** A text of some of its words. Where words between two are left out, a space keeps the two apart. */
export function joinWords(words: readonly Word[]): string {
  let end = 0;
  return words
    .map(({ text, at }) => {
      const separated = at === end ? text : ` ${text}`;
      end = at + text.length;
      return separated;
    })
    .join('')
    .trimStart();
}
