// Reads tokenizer.json. Its vocabulary is most of a tokenizer's time at a start.

/** What is used of `tokenizer.json` here. The vocabulary is beside it. */
export interface TokenizerFile {
  readonly described: {
    readonly model: { readonly type?: string; readonly vocab: object };
    readonly pre_tokenizer: { readonly type: string };
  };
  /** Ids by token of WordPiece; undefined for another model or form of the file. The vocabulary is then in `described`. */
  readonly vocabulary: Map<string, number> | undefined;
}

const begin = '"vocab":{';

/** A token with its id, behind the brace or the comma before it. */
const pair = /[{,]"((?:[^"\\]|\\.)*)":(\d+)/y;

/**
 * Parses `tokenizer.json`. Where it is written without spaces, as the Rust tokenizer writes it, the vocabulary is read token by
 * token: JSON.parse would make an object of it first, which takes twice as long.
 *
 * @throws SyntaxError if it is no JSON.
 */
export function parseTokenizerFile(text: string): TokenizerFile {
  const found = text.includes('"type":"WordPiece"') ? readVocabulary(text) : undefined;
  if (!found) return { described: JSON.parse(text), vocabulary: undefined };
  const { vocabulary, start, end } = found;
  return { described: JSON.parse(`${text.slice(0, start)}{${text.slice(end)}`), vocabulary };
}

function readVocabulary(text: string) {
  const start = text.indexOf(begin) + begin.length - 1;
  if (start < begin.length - 1) return undefined;
  const vocabulary = new Map<string, number>();
  let end = start;
  pair.lastIndex = start;
  for (let match = pair.exec(text); match; match = pair.exec(text)) {
    const [, token = '', id] = match;
    vocabulary.set(token.includes('\\') ? JSON.parse(`"${token}"`) : token, Number(id));
    end = pair.lastIndex;
  }
  return vocabulary.size > 0 && text[end] === '}' ? { vocabulary, start, end } : undefined;
}
