// Tokenizers and pointers as somebody would write them who wants to fill the memory or stop the service.
import { describeTokenizer } from '../../functions/predict/tiny-store.ts';

type Json = Record<string, unknown>;

/** A tokenizer with some parts replaced. Raw texts replace their placeholders. */
function tokenizer(
  change: (sound: ReturnType<typeof describeTokenizer>) => object,
  raws: Readonly<Record<string, string>> = {},
): Buffer {
  const text = JSON.stringify(change(describeTokenizer()));
  return Buffer.from(Object.entries(raws).reduce((so, [name, raw]) => so.replace(`"${name}"`, () => raw), text));
}

const nested = (depth: number) =>
  `${'{"type":"Sequence","normalizers":['.repeat(depth)}{"type":"Lowercase"}${']}'.repeat(depth)}`;

const withPattern = (pattern: string) =>
  tokenizer((sound) => ({ ...sound, normalizer: { type: 'Replace', pattern: { Regex: pattern }, content: 'x' } }));

const withVocabulary = (change: (vocab: Json) => Json) =>
  tokenizer((sound) => ({ ...sound, model: { ...sound.model, vocab: change({ ...sound.model.vocab }) } }));

/** Malicious tokenizers by what they try. */
export const maliciousTokenizers: Readonly<Record<string, Buffer>> = {
  'steps within steps': tokenizer((sound) => ({ ...sound, normalizer: '@' }), { '@': nested(20_000) }),
  'a few steps within steps': tokenizer((sound) => ({ ...sound, normalizer: '@' }), { '@': nested(40) }),
  'a pattern that takes exponential time': withPattern('(a+)+$'),
  'a pattern of alternatives that takes exponential time': withPattern('(?:a|a|ab)*c'),
  'a pattern that takes cubic time': withPattern('.*.*.*=.*'),
  'ids beyond the model': withVocabulary((vocab) => ({ ...vocab, good: 2 ** 40 })),
  'ids that are no whole numbers': withVocabulary((vocab) => ({ ...vocab, good: 6.5 })),
  'ids that are negative': withVocabulary((vocab) => ({ ...vocab, good: -1 })),
  'a vocabulary of the prototype': tokenizer((sound) => ({ ...sound, model: { ...sound.model, vocab: '@' } }), {
    '@': '{"__proto__":{"good":6},"constructor":1}',
  }),
  'a prototype in the place of a model': tokenizer((sound) => ({ ...sound, model: '@' }), {
    '@': '{"__proto__":{"type":"WordPiece","vocab":{}}}',
  }),
  'a list': Buffer.from('[]'),
  'a file of brackets': Buffer.from('['.repeat(1 << 20)),
};

const longest = 4 << 20;
const around = (inner: string) => Buffer.from(`{"schema":1,"version":"20260101T000000Z-aaaaaaa","x":${inner}}`);

/** Malicious pointers by what they try; all but the last are as long as a pointer may be. */
export const maliciousPointers: Readonly<Record<string, Buffer>> = {
  'lists within lists': around(`${'['.repeat(longest / 2 - 50)}${']'.repeat(longest / 2 - 50)}`),
  'objects within objects': around(`${'{"a":'.repeat(600_000)}0${'}'.repeat(600_000)}`),
  'brackets that never close': Buffer.from('['.repeat(longest)),
  'a million objects': around(`[${'{},'.repeat(1_000_000)}{}]`),
  'half a million wrong files': Buffer.from(
    `{"schema":1,"version":"20260101T000000Z-aaaaaaa","manifest":{"schema":1,"files":[${'{},'.repeat(500_000)}{}]}}`,
  ),
  'a schema of megabytes': Buffer.from(`{"schema":"${'x'.repeat(longest - 100)}"}`),
  prototypes: Buffer.from(
    '{"__proto__":{"schema":1},"constructor":{"prototype":{"version":"20260101T000000Z-aaaaaaa"}}}',
  ),
  'more bytes than a pointer may have': Buffer.alloc(longest + 1, 0x20),
};
