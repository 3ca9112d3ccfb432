import { createPlainEncoder } from '../../../layers/inference/word-pieces.ts';

const vocabulary = new Map(
  [...'[PAD] [UNK] [CLS] [SEP] good un ##aff ##able a ##a .'.split(' ').entries()].map(([id, piece]) => [piece, id]),
);
const tokenizer = {
  encode: () => ({ ids: [2, 3] }),
  normalizer: { normalize: (text: string) => text.toLowerCase().replace('(c)', '\u00a9') },
  model: {
    tokens_to_ids: vocabulary,
    unk_token_id: 1,
    config: { continuing_subword_prefix: '##', max_input_chars_per_word: 9 },
  },
};
const described = {
  added_tokens: [{ content: '[CLS]' }, { content: '\u2605' }],
  pre_tokenizer: { type: 'BertPreTokenizer' },
  model: { type: 'WordPiece' },
};

it.each([
  ['words that the vocabulary has', 'Good a.', [2, 4, 8, 10, 3]],
  ['the longest pieces of other words', 'unaffable', [2, 5, 6, 7, 3]],
  ['one unknown token for a word with a piece that is in no vocabulary', 'unaffx good', [2, 1, 4, 3]],
  ['the unknown token for a word that is too long', 'a'.repeat(10), [2, 1, 3]],
  ['a word of the greatest length', 'a'.repeat(9), [2, 8, 9, 9, 9, 9, 9, 9, 9, 9, 3]],
  ['an empty text', '', [2, 3]],
])('encodes %s', (_, text, ids) => {
  expect(createPlainEncoder(tokenizer, described)?.(text)).toEqual(ids);
});

it.each([
  ['other characters', 'g\u00f6od'],
  ['a bracket', 'good [CLS]'],
  ['a text whose normal form is not plain', 'good (c)'],
])('leaves %s to the package', (_, text) => {
  expect(createPlainEncoder(tokenizer, described)?.(text)).toBeUndefined();
});

it.each([
  ['an added token of ASCII', tokenizer, { ...described, added_tokens: [{ content: 'good' }] }],
  ['another model', tokenizer, { ...described, model: { type: 'BPE' } }],
  ['another way to split words', tokenizer, { ...described, pre_tokenizer: { type: 'Whitespace' } }],
  ['more special tokens', { ...tokenizer, encode: () => ({ ids: [2, 3, 3] }) }, described],
])('leaves every text of a tokenizer with %s to the package', (_, other, description) => {
  expect(createPlainEncoder(other, description)).toBeUndefined();
});
