// The tokenizers that are compared: made of the sample's, so that they know nearly every character.
import { readFile } from 'node:fs/promises';

/** The fields of tokenizer.json that are changed. */
interface TokenizerFile {
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  /** A sequence. */
  readonly normalizer: { readonly normalizers: readonly object[] };
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

/** The kinds of tokenizers. */
export type TokenizerKind = 'uncased' | 'cased' | 'emoji';

/**
 * Characters that are no token would hide differences behind `[UNK]`. Of the planes behind the first two, each 64th is a token: all
 * of them would take a gigabyte.
 */
function listCharacters(): string[] {
  const visible = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
  const first = Array.from({ length: 0x20000 }, (_, code) => String.fromCodePoint(code)).filter((one) =>
    visible.test(one),
  );
  return [...first, ...Array.from({ length: 0x3c00 }, (_, index) => String.fromCodePoint(0x20000 + index * 64))];
}

const words = ['Good', 'Bad', 'The', 'UNBELIEVABLE', 'Straße', 'Été', 'ΑΣ', 'ας'];

/** The vocabulary with each character, alone and within a word, and with capitals; added tokens are not in it. */
function extendVocabulary({ added_tokens, model }: TokenizerFile): Record<string, number> {
  const characters = listCharacters();
  const extended = { ...model.vocab };
  const added = new Set(added_tokens.map(({ content }) => content));
  let next = Object.keys(extended).length;
  for (const token of [...words, ...characters, ...characters.map((one) => `##${one}`)])
    if (!Object.hasOwn(extended, token) && !added.has(token)) extended[token] = next++;
  return extended;
}

/** The Rust tokenizer numbers added tokens behind the vocabulary, whatever the file says. */
function numberTokens(
  tokens: TokenizerFile['added_tokens'],
  vocabulary: Readonly<Record<string, number>>,
): TokenizerFile['added_tokens'] {
  let next = Object.keys(vocabulary).length;
  return tokens.map((token) => ({ ...token, id: vocabulary[token.content] ?? next++ }));
}

/** The fold that the sample lacks: training/add_emoji.py has it. */
const elongation = { type: 'Replace', pattern: { Regex: '([A-Za-z])(?=\\1\\1)' }, content: '' };

/**
 * Returns the text of tokenizer.json of a kind.
 *
 * @param sample - path of the sample model's tokenizer.json: uncased, with emoji and folds.
 */
export async function createTokenizerFile(kind: TokenizerKind, sample: string): Promise<string> {
  const described: TokenizerFile = JSON.parse(await readFile(sample, 'utf8'));
  const model = { ...described.model, vocab: extendVocabulary(described) };
  if (kind === 'emoji') {
    const normalizer = { ...described.normalizer, normalizers: [elongation, ...described.normalizer.normalizers] };
    return JSON.stringify({
      ...described,
      added_tokens: numberTokens(described.added_tokens, model.vocab),
      normalizer,
      model,
    });
  }
  const normalizer = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: kind === 'uncased',
  };
  const special = described.added_tokens.filter((token) => token.special);
  return JSON.stringify({ ...described, added_tokens: special, normalizer, model });
}
