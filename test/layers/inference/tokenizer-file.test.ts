import { readFileSync } from 'node:fs';
import { parseTokenizerFile } from '../../../layers/inference/tokenizer-file.ts';
import { samplePath } from './sample-model.ts';

const describe = (vocab: object) => ({
  model: { type: 'WordPiece', vocab, unk_token: '[UNK]' },
  pre_tokenizer: { type: 'x' },
});

it('reads the vocabulary of the sample as JSON.parse does, and the rest without it', () => {
  const text = readFileSync(samplePath('tokenizer.json'), 'utf8');
  const whole = JSON.parse(text);
  const { described, vocabulary } = parseTokenizerFile(text);
  expect(Object.fromEntries(vocabulary ?? [])).toEqual(whole.model.vocab);
  expect(described).toEqual({ ...whole, model: { ...whole.model, vocab: {} } });
});

it.each(['"', '\\', '\\"', '}', '{', ',"a":1', '"vocab":{', '\u0000', 'é', '😀', '\ud800', '__proto__'])(
  'reads the token %j',
  (token) => {
    const vocab = JSON.parse(`{"a":0,${JSON.stringify(token)}:1,"b":2}`);
    const { vocabulary } = parseTokenizerFile(JSON.stringify(describe(vocab)));
    expect([...(vocabulary ?? [])]).toEqual([
      ['a', 0],
      [token, 1],
      ['b', 2],
    ]);
  },
);

it.each<[string, string]>([
  ['with spaces', JSON.stringify(describe({ a: 0 }), null, 1)],
  ['of scores', JSON.stringify(describe({ a: 0.5 }))],
  ['without tokens', JSON.stringify(describe({}))],
  ['of another model', JSON.stringify(describe({ a: 0 })).replace('WordPiece', 'BPE')],
])('leaves a vocabulary %s to JSON.parse', (_, text) => {
  expect(parseTokenizerFile(text)).toEqual({ described: JSON.parse(text), vocabulary: undefined });
});

it.each(['', '{', '{"type":"WordPiece","vocab":{"a":0', '{"type":"WordPiece","vocab":{"a":0,}}'])(
  'refuses %j',
  (text) => {
    expect(() => parseTokenizerFile(text)).toThrow(SyntaxError);
  },
);
