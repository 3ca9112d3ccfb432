// A planted difference between the tokenizers is found and shrunk.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer } from '../../../layers/inference/index.ts';
import { samplePath } from '../../layers/inference/sample-model.ts';
import { createRandom, randomText, shrinkText } from './random-texts.ts';
import { createTokenizerFile } from './tokenizer-files.ts';
import { compareTexts, type Encode, startReference } from './tokenizers.ts';

const context = {
  count: 3000,
  seed: 8,
  folder: '',
  dist: '',
  signal: new AbortController().signal,
  advance: () => undefined,
};

/** Compares a tokenizer that differs from that of the cased file. */
async function compare(change: (encode: Encode) => Encode) {
  const path = join(mkdtempSync(join(tmpdir(), 'tokenizer-')), 'tokenizer.json');
  writeFileSync(path, await createTokenizerFile('cased', samplePath('tokenizer.json')));
  const tokenize = await loadTokenizer(path, Number.MAX_SAFE_INTEGER);
  const reference = startReference(process.cwd(), path);
  try {
    return await compareTexts(
      change((text) => tokenize(text).ids),
      reference,
      context,
    );
  } finally {
    reference.close();
  }
}

it('finds no difference in the tokenizer', async () => {
  expect(await compare((encode) => encode)).toEqual({
    count: 3000,
    outcomes: { equal: 3000, different: 0 },
    findings: [],
  });
});

it('finds a character that is dropped, and shrinks the text to it', async () => {
  const { findings } = await compare((encode) => (text) => encode(text.replaceAll('が', '')));
  expect(findings[0]).toMatch(/^The text "が" has the ids 101,102, and 101,\d+,102 in the reference\.$/);
});

it('finds a letter that is lower-cased', async () => {
  const { findings, outcomes } = await compare((encode) => (text) => encode(text.replaceAll('É', 'é')));
  expect(outcomes.different).toBeGreaterThan(0);
  expect(findings[0]).toMatch(/^The text "É" has the ids/);
});

it('makes equal texts of equal seeds, of all planes and with halves of surrogate pairs', () => {
  const make = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 5000 }, () => randomText(random));
  };
  const texts = make(1);
  expect(make(1)).toEqual(texts);
  expect(make(2)).not.toEqual(texts);
  const planes = new Set([...texts.join('')].map((character) => (character.codePointAt(0) ?? 0) >> 16));
  expect([...planes].sort((one, other) => one - other)).toEqual(expect.arrayContaining([0, 1, 2, 3, 14, 15, 16]));
  expect(texts.filter((text) => !text.isWellFormed()).length).toBeGreaterThan(20);
  expect(texts.filter((text) => /\S{100}/.test(text)).length).toBeGreaterThan(20);
});

it('shrinks to what is faulty', async () => {
  const isFaulty = async (text: string) => /x.*y/.test(text);
  expect(await shrinkText('some x words and y more', isFaulty)).toBe('xy');
});
