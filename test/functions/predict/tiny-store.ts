import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDigest, type FileEntry, type Manifest } from '../../../layers/model-store/index.ts';
import { writeTinyModel } from '../../layers/inference/tiny-model.ts';

const markers = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const words = ['a', 'good', 'bad', 'book', 'is', 'the', 'this', 'best', 'ever'];
const vocabulary = [...markers, ...words];
const idOf = (token: string) => vocabulary.indexOf(token);

/** Versions of the tiny model; the later one gives positive a slightly lower probability. */
export const firstVersion = '20260101T000000Z-aaaaaaa';
export const secondVersion = '20260102T000000Z-bbbbbbb';

/** Tokens that a tiny model reads, markers counted. */
export const maxTokens = 32;

export const twoClasses = ['negative', 'positive'];
/** Three classes, in another order than training's. */
export const threeClasses = ['positive', 'neutral', 'negative'];

/** The words that add to a class. */
export const wordsOfClass: Readonly<Record<string, readonly string[]>> = {
  negative: ['bad'],
  neutral: ['the'],
  positive: ['good', 'best'],
};

/** Mean over the tokens: each word of a class adds to it, all other tokens add nothing. */
function createTable(labels: readonly string[], strength: number): number[][] {
  return vocabulary.map((token) => labels.map((label) => (wordsOfClass[label]?.includes(token) ? strength : 0)));
}

/** The answer of the tiny model of `firstVersion` for a text of these counts, computed by hand. */
export function expectPositive({ good = 0, bad = 0, tokens }: { good?: number; bad?: number; tokens: number }): number {
  return 1 / (1 + Math.exp((-9 * (good - bad)) / tokens));
}

export function describeTokenizer() {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: markers.map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [
        special('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        special('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  };
}

const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** The entry of a file in a manifest with parts of `partBytes`. */
export function describeFile(role: FileEntry['role'], path: string, content: Buffer, partBytes: number): FileEntry {
  const count = Math.ceil(content.length / partBytes);
  const parts = Array.from({ length: count }, (_, index) =>
    hash(content.subarray(index * partBytes, (index + 1) * partBytes)),
  );
  return { role, path, bytes: content.length, sha256: hash(content), parts };
}

const ofClass = { rows: 30, precision: 0.7, recall: 0.8, f1: 0.75 };

/** The figures that a manifest of three classes has beside those of two. */
const threeClassFigures = {
  accuracy: 0.75,
  macroF1: 0.75,
  classes: { positive: ofClass, neutral: ofClass, negative: ofClass },
  confusion: [
    [24, 4, 2],
    [3, 24, 3],
    [2, 4, 24],
  ],
  polar: { rows: 60, accuracy: 0.9, f1: 0.91, auc: 0.95, ece: 0.01 },
  behaviours: [{ name: 'near negation', cases: 200, failed: 0.031 }],
};

type Described = Pick<Manifest, 'files' | 'partBytes'>;

function createManifest(version: string, labels: readonly string[], { files, partBytes }: Described): Manifest {
  const quality = { accuracy: 0.9, f1: 0.91, auc: 0.95, ece: 0.01 };
  const more = labels.length === 3 ? threeClassFigures : {};
  return addDigest({
    schema: 1 as const,
    version,
    createdAt: '2026-01-01T00:00:00Z',
    labels: [...labels],
    maxTokens,
    temperature: 1,
    precision: 'fp32' as const,
    onnxruntime: '1.30.0',
    partBytes,
    files,
    metrics: { ...quality, rows: 100, reference: quality, flipped: 0, ...more },
    provenance: { base: { name: 'made by hand' } },
  });
}

/** Files of a version of the tiny model, by key in the store; the manifest last, as publishing does. */
export async function createTinyVersion(
  version: string,
  labels: readonly string[] = twoClasses,
  partBytes = 256,
): Promise<Readonly<Record<string, Buffer>>> {
  const modelPath = await writeTinyModel({ input_ids: createTable(labels, version === firstVersion ? 9 : 6) });
  const model = await readFile(modelPath);
  const tokenizer = Buffer.from(JSON.stringify(describeTokenizer()));
  const files = [
    describeFile('model', 'model.onnx', model, partBytes),
    describeFile('tokenizer', 'tokenizer.json', tokenizer, partBytes),
  ];
  const manifest = createManifest(version, labels, { files, partBytes });
  return {
    [`versions/${version}/model.onnx`]: model,
    [`versions/${version}/tokenizer.json`]: tokenizer,
    [`versions/${version}/manifest.json`]: Buffer.from(JSON.stringify(manifest)),
  };
}

/** `current.json` for a version that `createTinyVersion` made. */
export function createPointer(files: Readonly<Record<string, Buffer>>, version: string): Buffer {
  const manifest = JSON.parse(String(files[`versions/${version}/manifest.json`]));
  return Buffer.from(JSON.stringify({ schema: 1, version, promotedAt: '2026-01-03T00:00:00Z', manifest }));
}

async function writeFiles(folder: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
  for (const [key, content] of Object.entries(files)) {
    await mkdir(join(folder, key, '..'), { recursive: true });
    await writeFile(join(folder, key), content);
  }
}

/** Writes a whole store, in the layout of docs/model-artifact.md, with both versions and the first of them current. */
export async function writeTinyStore(folder?: string, labels = twoClasses): Promise<string> {
  const root = folder ?? (await mkdtemp(join(tmpdir(), 'tiny-store-')));
  const first = await createTinyVersion(firstVersion, labels);
  await writeFiles(root, { ...first, ...(await createTinyVersion(secondVersion, labels)) });
  await writeFiles(root, { 'current.json': createPointer(first, firstVersion) });
  return root;
}
