import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { asInferenceError } from './errors.ts';
import { alignWithReference } from './reference-rules.ts';
import { cleanText } from './text.ts';

/** A text as the model reads it. */
export interface TokenizedText {
  /** WordPiece ids, `[CLS]` first and `[SEP]` last; never more than the model reads. */
  readonly ids: readonly number[];
  /** How many ids did not fit. */
  readonly dropped: number;
}

/** Text → ids, by the steps in docs/model-artifact.md. */
export type Tokenize = (text: string) => TokenizedText;

/** Keeps the first ids and the closing `[SEP]`. */
function truncate(ids: readonly number[], maxTokens: number): TokenizedText {
  const dropped = ids.length - maxTokens;
  if (dropped <= 0) return { ids, dropped: 0 };
  return { ids: [...ids.slice(0, maxTokens - 1), ...ids.slice(-1)], dropped };
}

const printableAscii = /^[ -~]*$/;

/**
 * Lets BERT's normalizer do to plain texts the one thing that it can change in them. It goes through every text character by
 * character, several times, which is a third of the tokenizing.
 */
function shortenNormalization({ normalizer }: Tokenizer): void {
  if (normalizer?.config.type !== 'BertNormalizer' || !normalizer.config.lowercase) return;
  const normalize = normalizer.normalize.bind(normalizer);
  normalizer.normalize = (text: string) => (printableAscii.test(text) ? text.toLowerCase() : normalize(text));
}

/**
 * Reads `tokenizer.json` and returns a function that gives the ids of the Rust `tokenizers` package for every text.
 * It is synchronous and takes about half a second for a million characters: cap the length before calling.
 *
 * @throws InferenceError if the file cannot be read or is no tokenizer.
 */
export async function loadTokenizer(path: string, maxTokens: number): Promise<Tokenize> {
  try {
    const tokenizer = new Tokenizer(JSON.parse(await readFile(path, 'utf8')), {});
    shortenNormalization(tokenizer);
    return (text) => truncate(tokenizer.encode(alignWithReference(cleanText(text))).ids, maxTokens);
  } catch (error) {
    throw asInferenceError(`cannot load the tokenizer ${path}`, error);
  }
}
