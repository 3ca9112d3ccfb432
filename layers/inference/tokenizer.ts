/**
 * Text → WordPiece ids, with `@huggingface/tokenizers` and rules that make it agree with the Rust tokenizer of
 * training: docs/decisions/0002-huggingface-tokenizers.md.
 */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { asInferenceError } from './errors.ts';

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
    const tokenizer = new Tokenizer(JSON.parse(await readFile(path, 'utf8')), {});
    shortenNormalization(tokenizer.normalizer);
    const unknownId = tokenizer.model?.unk_token_id;
    return (text) => {
      const read = truncate(tokenizer.encode(alignWithReference(cleanText(text))).ids, maxTokens);
      return { ...read, unknown: read.ids.filter((id) => id === unknownId).length };
    };
  } catch (error) {
    throw asInferenceError(`cannot load the tokenizer ${path}`, error);
  }
}

const printableAscii = /^[ -~]*$/;

/** What the functions below need of a normalizer of `@huggingface/tokenizers`, whose types do not resolve. */
interface Normalizer {
  readonly config: { readonly type: string; readonly lowercase?: boolean };
  /** The steps of a sequence. */
  readonly normalizers?: readonly Normalizer[];
  normalize: (text: string) => string;
}

/**
 * Makes BERT's normalizer, alone or in a sequence, only lower-case plain ASCII texts, since it changes nothing else in
 * them. The normalizer goes through every text several times, character by character, which is a third of the time of
 * tokenizing.
 */
function shortenNormalization(normalizer: Normalizer | null): void {
  normalizer?.normalizers?.forEach(shortenNormalization);
  if (normalizer?.config.type !== 'BertNormalizer' || !normalizer.config.lowercase) return;
  const normalize = normalizer.normalize.bind(normalizer);
  normalizer.normalize = (text: string) => (printableAscii.test(text) ? text.toLowerCase() : normalize(text));
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

/**
 * One rule for characters that `@huggingface/tokenizers` treats differently than the Rust tokenizer that the model was
 * trained with, and their replacement, for which both give the same ids. The Rust tokenizer's tables of categories are
 * of an older Unicode, and it makes each of the newer ideographs a word of its own. Source of the ranges:
 * test/layers/inference/character-differences.mjs, with tokenizers 0.23.2 and @huggingface/tokenizers 0.2.0, Unicode
 * 17.
 */
interface Rule {
  readonly characters: RegExp;
  readonly replacement: string;
}

/**
 * Unicode never assigns this character. So no vocabulary has it, no normalization changes it, and a word with it is
 * unknown.
 */
const unknown = '\u{10ffff}';
/** A control character, which both tokenizers remove. */
const removed = '\u0001';

/** In Rust part of the word around it, which becomes unknown. JavaScript removes it, changes it or splits there. */
const inWord = `
  61d 7fd 890-891 897-89f 8ca-8e2 9fd-9fe a76 afa-aff b55 c04 c3c c77 c84 d00 d3b-d3c d81 eba ece 180f 1885-1886
  1abf-1add 1ae0-1aeb 1b4e-1b4f 1b7d-1b7f 1df6-1dfb 2e43-2e4f 2e52-2e5d a82c a8c5 a8ff a9bd 105c9 105e4 10d24-10d27
  10d69-10d6e 10eab-10ead 10ed0 10efa-10eff 10f46-10f50 10f55-10f59 10f82-10f89 11070 11073-11074 110c2 110cd 111cf
  1123e 11241 1133b 11383 11385 1138e 11391 113bb-113c0 113c5 113c7-113c8 113ce 113d0 113d2 113d4-113d5 113d7-113d8
  113e1-113e2 11438-1143f 11442-11444 11446 1144b-1144f 1145a-1145b 1145d-1145e 11660-1166c 116b9 1182f-11837
  11839-1183b 11938 1193b-1193c 1193e 11943-11946 119d4-119d7 119da-119db 119e0 119e2 11a01-11a0a 11a33-11a38
  11a3b-11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a9c 11a9e-11aa2 11b00-11b09 11b60 11b62-11b64 11b66 11be1
  11c30-11c36 11c38-11c3d 11c3f 11c41-11c45 11c70-11c71 11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36
  11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4 11ef7-11ef8 11f00-11f01 11f36-11f3a 11f40
  11f42-11f4f 11f5a 11fff 12ff1-12ff2 13430-13440 13447-13455 1611e-16129 1612d-1612f 16d68-16d6a 16d6d-16d6f
  16e97-16e9a 16f4f 16fe2 16fe4 1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a
  1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e5ff 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a
  1e95e-1e95f`;

/**
 * In Rust a word of its own: ideographs outside the first plane, and one mark that older Unicode called punctuation.
 */
const ownWord = '166d 20000-2a6df 2a700-2b81f 2b920-2ceaf 2f800-2fa1f';

function characterClass(ranges: string): RegExp {
  return new RegExp(`[${ranges.replace(/[0-9a-f]+/g, '\\u{$&}').replace(/\s/g, '')}]`, 'gu');
}

const rules: readonly Rule[] = [
  { characters: characterClass(inWord), replacement: unknown },
  { characters: characterClass(ownWord), replacement: ' $& ' },
  { characters: characterClass('111c9'), replacement: ` ${unknown} ` },
  { characters: characterClass('1734 1171e'), replacement: removed },
  // JavaScript lower-cases a sigma at the end of a word to ς, Rust every sigma to σ.
  { characters: /Σ/g, replacement: 'σ' },
];

/**
 * Rewrites a text so that the JavaScript tokenizer gives the ids that the Rust one gives for the original. This holds
 * for BERT's uncased normalizer. A text without the characters in question comes back unchanged.
 */
function alignWithReference(text: string): string {
  return rules.reduce((aligned, { characters, replacement }) => aligned.replace(characters, replacement), text);
}
