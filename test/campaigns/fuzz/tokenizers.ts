// The parts `tokenizer …`: ids of random texts, equal to those of the Rust tokenizer that training uses.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadTokenizer } from '../../../layers/inference/index.ts';
import type { Context, Outcome, Part } from '../campaign.ts';
import { startPython } from './python-process.ts';
import { createRandom, randomText, shrinkText } from './random-texts.ts';
import { createTokenizerFile, type TokenizerKind } from './tokenizer-files.ts';

/** Texts that are compared at a time. */
const batchTexts = 1000;

/** Findings after which a part ends. */
const mostFindings = 20;

/** Ids of a text, `[CLS]` first. */
export type Encode = (text: string) => readonly number[];

/** A text whose ids differ from those of the reference. */
export type Difference = readonly [index: number, ids: readonly number[]];

/** The reference: tells which texts have other ids there. */
export interface Reference {
  compare(texts: readonly string[], ids: readonly (readonly number[])[]): Promise<readonly Difference[]>;
  close(): void;
}

/** Starts the Rust tokenizer in a Python process of the project's environment. */
export function startReference(root: string, tokenizerPath: string): Reference {
  const { ask, close } = startPython(root, 'tokenizer_reference.py', tokenizerPath);
  return { compare: (texts, ids) => ask({ texts, ids }) as Promise<readonly Difference[]>, close };
}

/** Compares random texts until as many are tried as are asked for. */
export async function compareTexts(encode: Encode, reference: Reference, context: Context): Promise<Outcome> {
  const { count, seed, signal, advance } = context;
  const random = createRandom(seed);
  const findings: string[] = [];
  const outcomes = { equal: 0, different: 0 };
  const next = (limit: number) =>
    Array.from({ length: Math.max(0, Math.min(batchTexts, limit)) }, () => randomText(random));
  const differs = async (text: string) => (await reference.compare([text], [encode(text)])).length > 0;
  let tried = 0;
  for (let texts = next(count); texts.length > 0 && !signal.aborted && findings.length < mostFindings; ) {
    const comparing = reference.compare(texts, texts.map(encode));
    // The next texts are made while the reference works.
    const following = next(count - tried - texts.length);
    const different = await comparing;
    for (const [index] of different.slice(0, mostFindings - findings.length)) {
      const text = await shrinkText(texts[index] ?? '', differs);
      const [[, ids] = [0, []]] = await reference.compare([text], [encode(text)]);
      findings.push(`The text ${JSON.stringify(text)} has the ids ${encode(text)}, and ${ids} in the reference.`);
    }
    outcomes.different += different.length;
    outcomes.equal += texts.length - different.length;
    tried += texts.length;
    advance(texts.length);
    texts = following;
  }
  return { count: tried, outcomes, findings };
}

/** Path of the sample model's tokenizer. */
function findSample(root: string): string {
  const store = join(root, 'models', 'sample');
  const { version } = JSON.parse(readFileSync(join(store, 'current.json'), 'utf8'));
  return join(store, 'versions', version, 'tokenizer.json');
}

/** The part for a kind of tokenizer. */
export const createTokenizerPart = (kind: TokenizerKind): Part => ({
  name: `tokenizer ${kind}`,
  unit: 'texts',
  short: 20_000,
  parallel: true,
  run: async (context) => {
    const root = dirname(context.dist);
    const path = join(context.folder, 'tokenizer.json');
    await writeFile(path, await createTokenizerFile(kind, findSample(root)));
    const tokenize = await loadTokenizer(path, Number.MAX_SAFE_INTEGER);
    const reference = startReference(root, path);
    try {
      return await compareTexts((text) => tokenize(text).ids, reference, context);
    } finally {
      reference.close();
    }
  },
});
