import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Tokenizer as RustTokenizer } from 'tokenizers';
import { cleanText, foldWhiteSpace, loadTokenizer, type Tokenize } from '../../../layers/inference/tokenizer.ts';
import { samplePath } from './sample-model.ts';

const tokenizerPath = samplePath('tokenizer.json');

/** The reference: the Rust tokenizer on white-space folded text, as training uses it. */
function createReference() {
  const rust = RustTokenizer.fromFile(tokenizerPath);
  rust.disableTruncation();
  rust.disablePadding();
  return async (text: string) => (await rust.encode(cleanText(text))).getIds();
}

const reference = createReference();
let tokenize: Tokenize;
beforeAll(async () => {
  tokenize = await loadTokenizer(tokenizerPath, Number.MAX_SAFE_INTEGER);
});

async function expectReferenceIds(text: string): Promise<void> {
  expect({ text, ids: tokenize(text).ids }).toEqual({ text, ids: await reference(text) });
}

const awkward = {
  'an empty text': '',
  'white space only': ' \t\r\n\u00a0\u3000\u0085 ',
  accents: 'Crème brûlée à la façon de señor Ångström: naïve, coöperate, Zoë, ǅ, ẞ, ﬁancée',
  'accents as combining marks': 'Cre\u0300me bru\u0302le\u0301e a\u0323\u0307b a\u0307\u0323b \u0301 e\u20dd',
  'a dotted capital I': 'İSTANBUL ISTANBUL ıstanbul i̇',
  'sigma at the end of a word': 'ΟΔΥΣΣΕΥΣ Σ ΑΣ. σς Ὀδυσσεύς ΣΣ',
  ligatures: 'ﬁne ﬂuﬀy oﬃce ﬆ ŉ Ǆ œuvre ᴁ',
  'full-width letters': 'ＴＨＩＳ ｂｏｏｋ！ ｶﾞ',
  Chinese: 'ah博推zz 这本书是最好的',
  'ideographs outside the first plane': '\u{20000}good\u{2a6df}bad\u{2b820}\u{2b91f}\u{2b920}\u{2f800}x\u{30000}',
  'Japanese and Korean': 'とても面白い本でした。ガギグ 이 책은 최고예요 \u1112\u1161\u11ab',
  'right-to-left': 'هذا أفضل كتاب \u202eevil\u202c הספר הזה מְצֻיָּן \u061c\u061d',
  Indic: 'यह सबसे अच्छी किताब है தமிழ் ভালো \u0c3c\u1734\u111c9',
  'emoji only': '😀👍🏽👨‍👩‍👧‍👦❤️🏳️‍🌈🇳🇴',
  'emoji inside words': 'so good😀bad 🥰🫠🪿 love❤️it 1️⃣',
  'control characters': 'a\u0000b\u0001c\u0007d\u001be\u007ff\u0080g\u009fh\u00adi\u200bj\u200dk\u2060l\ufeffm\ufffdn',
  'line and paragraph separators':
    'one\u2028two\u2029three\u0085four\u000bfive\u000csix\u001cseven\u1680eight\u180enine',
  'unpaired surrogates': 'a\ud800b \udc00 c\udbff\ud83d\ude00\ude00',
  'private use and unassigned': 'a\ue000b\u{f0000}c\u0378d\uffffe\u{10ffff}f',
  punctuation: '“Well…”—he said: ‘no’!? ¿¡«»„‚‹› $5.00 + 3% <br /><br />&amp; a_b-c`d^e~f|g § ¶ · ⸮ ⹀ ⁋ 〽',
  '99 letters': 'a'.repeat(99),
  '100 letters': 'ab'.repeat(50),
  '101 letters': 'a'.repeat(101),
  '150 letters': `good ${'tele'.repeat(37)}ab bad`,
  '100 letters with accents and 50 emoji': `${'é'.repeat(100)} ${'😀'.repeat(50)} ${'😀'.repeat(101)}`,
  'special tokens': '[MASK] this[MASK]that [mask] [MA\u0000SK] [CLS][SEP] [PAD]x[UNK] [ MASK ] [[MASK]] [MASK',
  'words of JavaScript': 'constructor __proto__ toString hasOwnProperty end valueOf',
  'unusual numerals': '١٢٣ ½ ⅷ 𝟗 ② 10²',
  'mathematical letters': '𝓽𝓱𝓲𝓼 𝕚𝕤 𝐛𝐞𝐬𝐭 K Å Ω ℃',
  'new letters': '\ua7ae \ua7cb\u{10570} \u{105c9}a a\u{11383} \u1c89',
};

describe('the ids are those of the Rust tokenizer', () => {
  it.each(Object.entries(awkward))('on %s', (_name, text) => expectReferenceIds(text));

  it('on every character, alone and between letters', async () => {
    for (let first = 0; first < 0x110000; first += 0x400) {
      const characters = Array.from({ length: 0x400 }, (_, index) => String.fromCodePoint(first + index));
      const text = characters.map((character) => `a${character}b ${character} `).join('');
      const [got, wanted] = [tokenize(text).ids, await reference(text)];
      if (got.join() !== wanted.join())
        for (const character of characters) await expectReferenceIds(`a${character}b ${character}`);
    }
  }, 300_000);

  const characters = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
    { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) },
    { weight: 2, arbitrary: fc.integer({ min: 0x300, max: 0x1fff }).map((unit) => String.fromCharCode(unit)) },
    { weight: 4, arbitrary: fc.constantFrom(...Object.values(awkward).flatMap((text) => text.split(' '))) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(' ', 'good', 'A', 'ing', '[MASK]', '[', 'MASK', ']', 'Σ', '\u0301', '.', '\0'),
    },
  );
  const texts = fc.array(characters, { maxLength: 20 }).map((parts) => parts.join(''));

  const addresses = ['http://a.b/c?d', 'www.x', '@user', 'me@home', 'a@_b', 'https://'];
  const ascii = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(' ', '##ing', 'unaffable', "don't", 'x'.repeat(101), ...addresses),
  );
  const plainTexts = fc.array(ascii, { maxLength: 20 }).map((parts) => parts.join(''));

  it('on random texts of ASCII', () => fc.assert(fc.asyncProperty(plainTexts, expectReferenceIds), { numRuns: 2000 }));

  it('on random texts', () => fc.assert(fc.asyncProperty(texts, expectReferenceIds), { numRuns: 2000 }));
});

it('takes a text for no added token that becomes one by normalization, as Rust', async () => {
  const described = JSON.parse(await readFile(tokenizerPath, 'utf8'));
  const cased = { ...described.normalizer.normalizers.at(-1), lowercase: false };
  const path = join(await mkdtemp(join(tmpdir(), 'cased-')), 'tokenizer.json');
  await writeFile(path, JSON.stringify({ ...described, normalizer: cased }));
  const rust = RustTokenizer.fromFile(path);
  const tokenizeCased = await loadTokenizer(path, 512);
  for (const text of ['[MA\ufeffSK]', 'a [MA\udfffSK]b', '[M\0ASK][MASK]', '[MASK] \u200b[\u200bCLS]']) {
    const encoding = await rust.encode(cleanText(text));
    expect({ text, ids: tokenizeCased(text).ids }).toEqual({
      text,
      ids: encoding.getIds().slice(0, encoding.getLength()),
    });
  }
});

describe('a text longer than the model reads', () => {
  const long = 'good bad '.repeat(300);

  it('keeps its first tokens and the closing [SEP], and counts the dropped ones', async () => {
    const whole = await reference(long);
    const { ids, dropped } = (await loadTokenizer(tokenizerPath, 512))(long);
    expect(ids).toEqual([...whole.slice(0, 511), whole.at(-1)]);
    expect(dropped).toBe(602 - 512);
  });

  it('is truncated as the Rust tokenizer truncates', async () => {
    const rust = RustTokenizer.fromFile(tokenizerPath);
    rust.disablePadding();
    rust.setTruncation(7);
    expect((await loadTokenizer(tokenizerPath, 7))(long).ids).toEqual((await rust.encode(cleanText(long))).getIds());
  });

  it('is not truncated when it just fits', async () => {
    const text = 'good '.repeat(510);
    expect((await loadTokenizer(tokenizerPath, 512))(text)).toMatchObject({ ids: await reference(text), dropped: 0 });
  });
});

it('names the file when the tokenizer is missing or damaged', async () => {
  const missing = loadTokenizer('no/such/tokenizer.json', 512);
  await expect(missing).rejects.toThrow(/^cannot load the tokenizer no\/such\/tokenizer\.json: ENOENT/);
  await expect(loadTokenizer('package.json', 512)).rejects.toThrow(/^cannot load the tokenizer package\.json: /);
});

describe('cleaning a text', () => {
  // The characters for which Python 3's str.isspace() holds.
  const pythonSpaces =
    '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

  it.each([...pythonSpaces])('folds %j, alone and in runs', (space) => {
    expect(foldWhiteSpace(`${space}a${space}b ${space}c${space}`)).toBe('a b c');
  });

  it('folds nothing else', () => {
    const spaces = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).filter(
      (character) => foldWhiteSpace(`a${character}b`) === 'a b',
    );
    expect(spaces.join('')).toBe(pythonSpaces);
  });

  it('makes a blank text empty', () => {
    expect(foldWhiteSpace(' \n\u3000')).toBe('');
  });

  it('replaces unpaired surrogates and keeps pairs', () => {
    expect(cleanText('a\ud800 😀 \udc00')).toBe('a\ufffd 😀 \ufffd');
  });
});
