/**
 * BERT's normalizer and pre-tokenizer with the character classes of the Rust tokenizer that models are trained with.
 * Its tables are of an older Unicode than JavaScript's, so that each class is JavaScript's less the newer characters.
 * Source of the ranges: test/layers/inference/character-differences.mjs, with tokenizers 0.23.2 and Unicode 17.
 */

/** The fields of a `BertNormalizer` in tokenizer.json. */
export interface BertNormalizerConfig {
  readonly clean_text: boolean;
  readonly handle_chinese_chars: boolean;
  /** `null` means as `lowercase` says. */
  readonly strip_accents: boolean | null;
  readonly lowercase: boolean;
}

/** Punctuation to JavaScript, part of a word to Rust. */
const newPunctuation = `
  61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89 113d4-113d5
  113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c
  11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f
  16e97-16e9a 16fe2 1e5ff 1e95e-1e95f`;

/** Invisible to JavaScript, part of a word to Rust. */
const newFormats = `
  890-891 8e2 110cd 13430-1343f`;

/** Accents to JavaScript, letters to Rust. */
const newMarks = `
  7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1add 1ae0-1aeb 1df6-1dfb
  a82c a8c5 a8ff a9bd 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074
  110c2 111cf 1123e 11241 1133b 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e
  1182f-11837 11839-1183a 1193b-1193c 1193e 11943 119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e
  11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11b60 11b62-11b64 11b66 11c30-11c36 11c38-11c3d 11c3f
  11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95
  11d97 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 16f4f 16fe4
  1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae
  1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a`;

/** Composed of others to JavaScript, letters to Rust. */
const newCompositions = `
  105c9 105e4 11383 11385 1138e 11391 113c5 113c7-113c8 11938 16121-16128 16d68-16d6a`;

/** Moved among other marks by JavaScript's canonical order, left where they are by Rust, whose order is that of Unicode 9. */
const newOrders = `
  7fd 897-89f 8ca-8d3 9fe c3c d3b-d3c eba 1715 1abf-1add 1ae0-1aeb 1df6-1dfa a82c 10d24-10d27 10d69-10d6d 10eab-10eac
  10efa-10efb 10efd-10eff 10f46-10f50 10f82-10f85 11070 1133b 113c5 113c7-113c8 113ce-113d0 1145e 11839-1183a 11938
  1193d-1193e 11943 119e0 11a34 11a47 11a99 11d42 11d44-11d45 11d97 11f41-11f42 16121-16128 1612f 16ff0-16ff1 1e08f
  1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5`;

/** The characters that Rust makes words of their own as Chinese: not those of the newest blocks. */
const ideographs = '3400-4dbf 4e00-9fff f900-faff 20000-2a6df 2a700-2b81f 2b920-2ceaf 2f800-2fa1f';

/** The members of a character class from hexadecimal code points and ranges. */
function members(ranges: string): string {
  return ranges.replace(/[0-9a-f]+/g, '\\u{$&}').replace(/\s/g, '');
}

const asciiPunctuation = '\\u{21}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{60}\\u{7b}-\\u{7e}';
const punctuation = `[[\\p{P}${asciiPunctuation}${members('166d 111c9')}]--[${members(newPunctuation)}]]`;
const patterns = {
  printableAscii: /^[ -~]*$/,
  invisible: new RegExp(`[[\\p{Cc}\\p{Cf}\\p{Co}\\u{fffd}]--[${members(newFormats)}]]`, 'gv'),
  ideograph: new RegExp(`[${members(ideographs)}]`, 'gv'),
  decomposable: new RegExp(`[^${members(newOrders + newCompositions)}]+`, 'gv'),
  accent: new RegExp(`[[\\p{Mn}${members('1734 1171e')}]--[${members(`111c9 ${newMarks}`)}]]`, 'gv'),
  word: new RegExp(`${punctuation}|[^ ${punctuation}]+`, 'gv'),
};

/** The normalizer of a configuration, for texts whose white space is folded to spaces. */
export function createBertNormalizer(config: BertNormalizerConfig): (text: string) => string {
  const stripsAccents = config.strip_accents ?? config.lowercase;
  const steps = [
    config.clean_text && removeInvisible,
    config.handle_chinese_chars && separateIdeographs,
    stripsAccents && stripAccents,
    config.lowercase && lowerCase,
  ].filter((step) => step !== false);
  return (text) => {
    if (patterns.printableAscii.test(text)) return config.lowercase ? text.toLowerCase() : text;
    return steps.reduce((normalized, step) => step(normalized), text);
  };
}

function removeInvisible(text: string): string {
  return text.replace(patterns.invisible, '');
}

function separateIdeographs(text: string): string {
  return text.replace(patterns.ideograph, ' $& ');
}

function stripAccents(text: string): string {
  return text.replace(patterns.decomposable, (run) => run.normalize('NFD')).replace(patterns.accent, '');
}

/** Rust lower-cases character by character; JavaScript makes a sigma at the end of a word ς. */
function lowerCase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

/** Splits a normalized text into words and single punctuation characters. */
export function splitWords(text: string): readonly string[] {
  return text.match(patterns.word) ?? [];
}
