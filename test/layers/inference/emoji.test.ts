import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { Tokenizer as RustTokenizer } from 'tokenizers';
import { cleanText, loadTokenizer, type Tokenize } from '../../../layers/inference/tokenizer.ts';

const python = join('.venv', 'bin', 'python');
const run = promisify(execFile);

let rust: RustTokenizer;
let tokenize: Tokenize;
let emoji: readonly string[];

/** Gives the tiny BERT the emoji and every fold, as a user would. */
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'emoji-'));
  const [base, out] = [join(folder, 'base'), join(folder, 'out')];
  await run(python, [join('test', 'training', 'tiny.py'), folder]);
  const folds = ['--fold-links', '--fold-handles', '--fold-elongation'];
  await run(python, [join('training', 'add_emoji.py'), base, out, ...folds]);
  rust = RustTokenizer.fromFile(join(out, 'tokenizer.json'));
  tokenize = await loadTokenizer(join(out, 'tokenizer.json'), Number.MAX_SAFE_INTEGER);
  const lines = (await readFile(join('training', 'emoji.txt'), 'utf8')).split('\n');
  emoji = lines.filter((line) => line.includes('\t')).map((line) => line.split('\t')[0] ?? '');
});

async function expectReferenceIds(text: string): Promise<void> {
  const ids = (await rust.encode(cleanText(text))).getIds();
  expect({ text, ids: tokenize(text).ids }).toEqual({ text, ids });
}

const readings = [
  ['👍🏽', '👍'],
  ['❤️', '❤'],
  ['☺︎', '☺'],
  ['1️⃣0️⃣', '10'],
  ['👨‍👩‍👧', '👨 👩 👧'],
  ['🤷🏾‍♀️', '🤷'],
  ['🏃🏽‍♀️‍➡️', '🏃'],
  ['❤️‍🔥', '❤ 🔥'],
  ['🏳️‍🌈', '🏳 🌈'],
  ['🇳🇴🇧🇷', '🏳 🏳'],
  ['\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', '🏳'],
  ['good😀bad', 'good 😀 bad'],
  ['😂😂😂', '😂 😂 😂'],
  ['goooooood', 'good'],
  ['soooo Coooool', 'soo cool'],
  ['see https://t.co/AbC?d=e#f😀 or www.good.com', 'see http 😀 or http'],
  ['.@You_2 wrote to me@you.com', '. @user wrote to me@you.com'],
  ['thanks @You_2!', 'thanks @user!'],
] as const;

it.each(readings)('reads %s like %s', async (text, plain) => {
  expect(tokenize(text).ids).toEqual(tokenize(plain).ids);
  await expectReferenceIds(text);
});

it('gives every emoji a token of its own, with or without variants, alone and in words', async () => {
  const variants = ['', '\ufe0f', '\ufe0e', '🏿', '\u200d♂️', '\u20e3', '\u200d'];
  expect(emoji.length).toBeGreaterThan(1300);
  expect(new Set(emoji.map((one) => tokenize(one).ids.join())).size).toBe(emoji.length);
  for (const variant of variants)
    await expectReferenceIds(emoji.map((one) => `a${one}${variant}b ${one}${variant}`).join(' '));
});

it('gives the ids of the Rust tokenizer on random texts', async () => {
  const others = ['good', 'A', 'ooo', ' ', '\ufe0f', '🏽', '\u200d', '♀', '🇳', '🇴', '\u20e3', '1', 'http://', '@', 'é'];
  const part = fc.oneof(
    fc.nat(emoji.length - 1).map((place) => emoji[place] ?? ''),
    fc.constantFrom(...others),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const texts = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''));
  await fc.assert(fc.asyncProperty(texts, expectReferenceIds), { numRuns: 1000 });
});
