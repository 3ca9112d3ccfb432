import { createHash } from 'node:crypto';
import type { FileEntry, Manifest } from '../../../layers/model-store/index.ts';

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Bytes that look random and are the same in every run. */
export function makeBytes(length: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** A version as training would publish it: its manifest, and all its bytes by key. */
export interface SampleVersion {
  readonly version: string;
  readonly manifest: Manifest;
  readonly model: Buffer;
  readonly tokenizer: Buffer;
  readonly objects: ReadonlyMap<string, Buffer>;
}

export const partBytes = 1000;

function makeEntry(role: FileEntry['role'], path: string, bytes: Buffer): FileEntry {
  const starts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) => i * partBytes);
  const parts = starts.map((start) => sha256(bytes.subarray(start, start + partBytes)));
  return { role, path, bytes: bytes.length, sha256: sha256(bytes), parts };
}

const quality = { accuracy: 0.9, f1: 0.9, auc: 0.96, ece: 0.01 };

const describeVersion = (version: string, files: FileEntry[]): Manifest => ({
  schema: 1,
  version,
  createdAt: '2026-11-23T08:15:00Z',
  labels: ['negative', 'positive'],
  maxTokens: 512,
  temperature: 1.31,
  precision: 'int8',
  onnxruntime: '1.30.0',
  partBytes,
  files,
  metrics: { rows: 2502, ...quality, reference: quality, flipped: 0.004 },
  provenance: { base: { name: 'a base' }, seed: 42, parent: null },
  notes: 'a field that a newer training may add',
});

/** The text of `current.json` for a manifest. */
export const pointTo = (manifest: Manifest): string =>
  JSON.stringify({ schema: 1, version: manifest.version, promotedAt: '2026-11-23T09:00:00Z', manifest });

/** A version with an fp16 graph too, which the manifest describes outside of its list of files. */
export function makeVersionWithFp16(day = 23): SampleVersion & { readonly fp16: Buffer } {
  const sample = makeVersion(day);
  const fp16 = makeBytes(4321, `fp16 ${day}`);
  const { role: _, ...entry } = makeEntry('model', 'model.fp16.onnx', fp16);
  const manifest = { ...sample.manifest, fp16: entry };
  const folder = `versions/${sample.version}`;
  const objects = new Map([
    ...sample.objects,
    [`${folder}/model.fp16.onnx`, fp16],
    [`${folder}/manifest.json`, Buffer.from(JSON.stringify(manifest))],
  ]);
  return { ...sample, manifest, objects, fp16 };
}

/** A version whose model has four parts of 1,000 bytes, the last one shorter. `day` makes its name unique. */
export function makeVersion(day = 23): SampleVersion {
  const version = `202611${day}T081500Z-3f9a1c2`;
  const model = makeBytes(3210, `model ${day}`);
  const tokenizer = makeBytes(1500, `tokenizer ${day}`);
  const manifest = describeVersion(version, [
    makeEntry('model', 'model.onnx', model),
    makeEntry('tokenizer', 'tokenizer.json', tokenizer),
    makeEntry('golden', 'golden.json', Buffer.from('{}')),
  ]);
  const files = { 'model.onnx': model, 'tokenizer.json': tokenizer, 'golden.json': Buffer.from('{}') };
  const all = { ...files, 'manifest.json': Buffer.from(JSON.stringify(manifest)) };
  const objects = new Map(Object.entries(all).map(([path, bytes]) => [`versions/${version}/${path}`, bytes]));
  return { version, manifest, model, tokenizer, objects };
}
