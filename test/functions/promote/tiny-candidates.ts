import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addDigest, type Manifest } from '../../../layers/model-store/index.ts';
import {
  createPointer,
  createTinyVersion,
  describeFile,
  firstVersion,
  twoClasses,
  wordsOfClass,
} from '../predict/tiny-store.ts';

/** Token ids of the tiny model's words. */
const idsOfWords: Readonly<Record<string, number>> = { a: 5, good: 6, bad: 7, book: 8, is: 9, the: 10, this: 11 };

const texts = ['good', 'bad', 'a good book', 'this is the bad book', 'good good bad', 'the book', ''];

export interface Candidate {
  readonly version: string;
  readonly accuracy?: number;
  readonly labels?: readonly string[];
  /** Replaces the cases of the golden file by wrong ones. */
  readonly falsify?: (cases: GoldenCase[]) => unknown;
  readonly manifest?: (manifest: Manifest) => object;
}

export interface GoldenCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly dropped: number;
  readonly reference: readonly number[];
  readonly served: readonly number[];
}

/** The answer of the tiny model for a text, computed by hand: see tiny-store.ts. */
function createCase(text: string, labels: readonly string[], strength: number): GoldenCase {
  const words = text === '' ? [] : text.split(' ');
  const ids = [2, ...words.map((word) => idsOfWords[word] ?? 1), 3];
  const count = (label: string) => words.filter((word) => wordsOfClass[label]?.includes(word)).length;
  const powers = labels.map((label) => Math.exp((strength * count(label)) / ids.length));
  const sum = powers.reduce((total, power) => total + power, 0);
  const answer = powers.map((power) => power / sum);
  return { text, ids, dropped: 0, reference: answer, served: answer };
}

/** All objects of a version of the tiny model with golden texts, by key; the manifest last. */
export async function createCandidate(candidate: Candidate) {
  const { version, accuracy = 0.9, labels = twoClasses, falsify, manifest: change } = candidate;
  const files = await createTinyVersion(version, labels);
  const cases = texts.map((text) => createCase(text, labels, version === firstVersion ? 9 : 6));
  const golden = Buffer.from(JSON.stringify({ schema: 1, cases: falsify ? falsify(cases) : cases }));
  const manifest: Manifest = JSON.parse(String(files[`versions/${version}/manifest.json`]));
  const whole: Manifest = {
    ...manifest,
    files: [...manifest.files, describeFile('golden', 'golden.json', golden, manifest.partBytes)],
    metrics: { ...manifest.metrics, accuracy },
  };
  return {
    [`versions/${version}/model.onnx`]: files[`versions/${version}/model.onnx`] ?? Buffer.of(),
    [`versions/${version}/tokenizer.json`]: files[`versions/${version}/tokenizer.json`] ?? Buffer.of(),
    [`versions/${version}/golden.json`]: golden,
    [`versions/${version}/manifest.json`]: Buffer.from(JSON.stringify(addDigest(change ? change(whole) : whole))),
  };
}

/** A new folder for a store. */
export const makeRoot = (): Promise<string> => mkdtemp(join(tmpdir(), 'promote-'));

/** Writes a version into a folder store. With `current` it also writes the pointer. */
export async function publishCandidate(root: string, candidate: Candidate, { current = false } = {}): Promise<void> {
  const files = await createCandidate(candidate);
  const all = current ? { ...files, 'current.json': createPointer(files, candidate.version) } : files;
  for (const [key, content] of Object.entries(all)) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), content);
  }
}

/** Versions in the order of their creation. */
export const versions = ['20260101T000000Z-aaaaaaa', '20260102T000000Z-bbbbbbb', '20260103T000000Z-ccccccc'] as const;
