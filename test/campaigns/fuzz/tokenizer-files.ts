// The tokenizers that are compared: the sample's own, and two made of it that know every character.
import { readFile } from 'node:fs/promises';

/** The fields of tokenizer.json that are changed. */
interface TokenizerFile {
  readonly added_tokens: readonly { readonly special: boolean }[];
  readonly normalizer: object;
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

/** The vocabulary with each character, alone and within a word, and with capitals. */
function extendVocabulary(vocabulary: Readonly<Record<string, number>>): Record<string, number> {
  const characters = listCharacters();
  const extended = { ...vocabulary };
  let next = Math.max(...Object.values(vocabulary)) + 1;
  for (const token of [...words, ...characters, ...characters.map((one) => `##${one}`)])
    if (!Object.hasOwn(extended, token)) extended[token] = next++;
  return extended;
}

/**
 * Returns the text of tokenizer.json of a kind.
 *
 * @param sample - path of the sample model's tokenizer.json: uncased, with emoji and folds.
 */
export async function createTokenizerFile(kind: TokenizerKind, sample: string): Promise<string> {
  const text = await readFile(sample, 'utf8');
  if (kind === 'emoji') return text;
  const described: TokenizerFile = JSON.parse(text);
  const lowercase = kind === 'uncased';
  return JSON.stringify({
    ...described,
    added_tokens: described.added_tokens.filter(({ special }) => special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    model: { ...described.model, vocab: extendVocabulary(described.model.vocab) },
  });
}
