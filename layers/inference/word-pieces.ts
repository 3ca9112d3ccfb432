// WordPiece for texts of printable ASCII, which most English texts are. `@huggingface/tokenizers` looks for added tokens,
// builds a list of attention and writes each piece as a text before it looks up its id; this looks up the ids alone, in a
// third of the time. All other texts are left to the package.

/** What is read of a tokenizer of `@huggingface/tokenizers`; its own types do not resolve. */
export interface WordPieceTokenizer {
  encode(text: string): { readonly ids: number[] };
  readonly normalizer: { normalize(text: string): string } | null;
  readonly model?: {
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    readonly unk_token_id: number;
    readonly config: { readonly continuing_subword_prefix: string; readonly max_input_chars_per_word?: number };
  };
}

/** The fields of tokenizer.json that decide whether ids can be looked up here. */
export interface TokenizerDescription {
  readonly added_tokens?: readonly { readonly content: string }[];
  readonly pre_tokenizer: { readonly type: string };
  readonly model: { readonly type?: string };
}

/** Printable ASCII without the bracket that special tokens begin with. */
const plain = /^[ -Z\\-~]*$/;

/** Words and single punctuation characters of a plain text, as BERT's pre-tokenizer splits it. */
const word = /[0-9A-Za-z]+|[^ 0-9A-Za-z]/g;

/**
 * Creates a function that gives the ids of plain texts, the special tokens around them included, and undefined for other texts.
 * Returns undefined for a tokenizer that works in another way than BERT's.
 */
export function createPlainEncoder(tokenizer: WordPieceTokenizer, described: TokenizerDescription) {
  const { model, normalizer } = tokenizer;
  const isBert = described.model.type === 'WordPiece' && described.pre_tokenizer.type === 'BertPreTokenizer';
  const addedInPlain = described.added_tokens?.some(({ content }) => plain.test(content)) ?? false;
  const [first, last, ...more] = tokenizer.encode('').ids;
  if (!isBert || !model || addedInPlain || first === undefined || last === undefined || more.length > 0)
    return undefined;
  const addPieces = createPieceFinder(model);
  return (text: string): number[] | undefined => {
    if (!plain.test(text)) return undefined;
    const normalized = normalizer ? normalizer.normalize(text) : text;
    if (!plain.test(normalized)) return undefined;
    const ids = [first];
    for (const found of normalized.match(word) ?? []) addPieces(ids, found);
    ids.push(last);
    return ids;
  };
}

/** Creates a function that adds the ids of a word's longest pieces, or that of the unknown token. */
function createPieceFinder({
  tokens_to_ids: vocabulary,
  unk_token_id: unknown,
  config,
}: Required<WordPieceTokenizer>['model']) {
  const { continuing_subword_prefix: prefix, max_input_chars_per_word: longest = 100 } = config;
  return (ids: number[], whole: string): void => {
    const id = whole.length > longest ? unknown : vocabulary.get(whole);
    if (id !== undefined) return void ids.push(id);
    const begun = ids.length;
    for (let start = 0; start < whole.length; ) {
      let end = whole.length;
      let piece: number | undefined;
      for (; end > start && piece === undefined; end--) {
        piece = vocabulary.get(start === 0 ? whole.slice(0, end) : prefix + whole.slice(start, end));
      }
      if (piece === undefined) {
        ids.length = begun;
        return void ids.push(unknown);
      }
      ids.push(piece);
      start = end + 1;
    }
  };
}
