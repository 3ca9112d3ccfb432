/**
 * Text → WordPiece ids, with `@huggingface/tokenizers` and the normalizer of `bert-normalizer.ts`, which makes it agree
 * with the Rust tokenizer of training: docs/decisions/0002-huggingface-tokenizers.md.
 */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { type BertNormalizerConfig, createBertNormalizer, splitWords } from './bert-normalizer.ts';
import { asInferenceError } from './errors.ts';
import { parseTokenizerFile, type TokenizerFile } from './tokenizer-file.ts';
import type { Classifier, ModelSource, TokenCount } from './types.ts';
import { createPlainEncoder } from './word-pieces.ts';

/** A text as the model reads it. */
export interface TokenizedText {
  /** WordPiece ids, `[CLS]` first and `[SEP]` last; never more than the model reads. */
  readonly ids: readonly number[];
  /** How many of the ids are that of `[UNK]`. */
  readonly unknown: number;
  /** How many ids did not fit. */
  readonly dropped: number;
}

/** Text → ids, by the steps in docs/model-artifact.md. */
export type Tokenize = (text: string) => TokenizedText;

/**
 * Reads `tokenizer.json` and returns a function that gives the ids of the Rust `tokenizers` package for every text.
 * The function is synchronous and takes about half a second for a million characters: cap the length before calling it.
 *
 * @throws InferenceError if the file cannot be read or is no tokenizer.
 */
export async function loadTokenizer(path: string, maxTokens: number): Promise<Tokenize> {
  try {
    const file = parseTokenizerFile(await readFile(path, 'utf8'));
    const { described } = file;
    const tokenizer = createTokenizer(file);
    replaceNormalizer(tokenizer.normalizer);
    if (described.pre_tokenizer.type === 'BertPreTokenizer') {
      tokenizer.pre_tokenizer.pre_tokenize_text = splitWords;
      keepFromAddedTokens(tokenizer);
    }
    const encodePlain = createPlainEncoder(tokenizer, described);
    const unknownId = tokenizer.model?.unk_token_id;
    return (text) => {
      const clean = cleanText(text);
      const read = truncate(encodePlain?.(clean) ?? tokenizer.encode(clean).ids, maxTokens);
      return { ...read, unknown: read.ids.filter((id) => id === unknownId).length };
    };
  } catch (error) {
    throw asInferenceError(`cannot load the tokenizer ${path}`, error);
  }
}

/**
 * Creates the tokenizer. WordPiece gets its vocabulary here: the library would list it first, and keep a second table for the way
 * back (together 10 ms).
 */
function createTokenizer({ described, vocabulary }: TokenizerFile): Tokenizer {
  const tokenizer = new Tokenizer(described, {});
  if (!vocabulary) return tokenizer;
  const { model } = tokenizer;
  const added: ReadonlyMap<string, number> = model.tokens_to_ids;
  for (const [token, id] of added) vocabulary.set(token, id);
  model.tokens_to_ids = vocabulary;
  model.unk_token_id = model.tokens_to_ids.get(model.unk_token);
  return tokenizer;
}

/** Tokens that every text has beside its own: `[CLS]` and `[SEP]`. */
export const specialTokens = 2;

/** Counts the tokens of each text, those that the model would not read too, without `[CLS]` and `[SEP]`. */
export function countTokens(tokenize: Tokenize, texts: readonly string[]): TokenCount[] {
  const around = tokenize('').ids.length;
  return texts.map((text) => {
    const { ids, unknown, dropped } = tokenize(text);
    return { tokens: ids.length + dropped - around, unknown };
  });
}

/** Creates a counter for where no model is loaded. It reads the tokenizer when it is first asked. */
export function createTokenCounter({ tokenizerPath, maxTokens }: ModelSource): Classifier['countTokens'] {
  let tokenizer: Promise<Tokenize> | undefined;
  return async (texts) => {
    tokenizer ??= loadTokenizer(tokenizerPath, maxTokens);
    return countTokens(await tokenizer, texts);
  };
}

/** What is replaced in the tokenizer; the types of `@huggingface/tokenizers` do not resolve. */
interface Normalizer {
  readonly config: { readonly type: string } & BertNormalizerConfig;
  /** The steps of a sequence. */
  readonly normalizers?: readonly Normalizer[];
  normalize: (text: string) => string;
}

/** A token that is looked for in a text, before or after it is normalized. */
interface AddedToken {
  readonly content: string;
  readonly normalized: boolean;
}

/** Puts the rules of the Rust tokenizer into the place of BERT's normalizer, alone or in a sequence. */
function replaceNormalizer(normalizer: Normalizer | null): void {
  normalizer?.normalizers?.forEach(replaceNormalizer);
  if (normalizer?.config.type === 'BertNormalizer') normalizer.normalize = createBertNormalizer(normalizer.config);
}

/**
 * A text that is an added token only once it is normalized, such as `[MA\ufeffSK]`, is text to Rust, which looks for those tokens
 * before. The package looks twice. A space keeps the text from being equal to the token, and is none itself.
 */
function keepFromAddedTokens({ added_tokens, splitter_normalized: splitter }: Tokenizer): void {
  const found = new Set<string>(
    added_tokens.filter(({ normalized }: AddedToken) => !normalized).map(({ content }: AddedToken) => content),
  );
  const split = splitter.split.bind(splitter);
  splitter.split = (text: string) => split(text).map((piece: string) => (found.has(piece) ? `${piece} ` : piece));
}

/** Keeps the first ids and the closing `[SEP]`. */
function truncate(ids: readonly number[], maxTokens: number): Omit<TokenizedText, 'unknown'> {
  const dropped = ids.length - maxTokens;
  if (dropped <= 0) return { ids, dropped: 0 };
  return { ids: [...ids.slice(0, maxTokens - 1), ...ids.slice(-1)], dropped };
}

/** Prepares a text for the tokenizer: unpaired surrogates become U+FFFD, then white space is folded. */
export function cleanText(text: string): string {
  return foldWhiteSpace(text.toWellFormed());
}

// Python's str.split() separators, spelled out because JavaScript's \s lacks U+001C–001F and U+0085 and has U+FEFF.
const whiteSpace =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to Python
  /[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/** Folds each run of white space into one space and trims the ends, as Python's `' '.join(text.split())` does. */
export function foldWhiteSpace(text: string): string {
  return text.replace(whiteSpace, ' ').replace(/^ | $/g, '');
}
