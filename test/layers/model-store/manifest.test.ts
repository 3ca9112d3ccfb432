import { parseManifest, parsePointer } from '../../../layers/model-store/documents.ts';
import { isVersionName } from '../../../layers/model-store/version.ts';
import { makeVersion, pointTo } from './sample-version.ts';

const { manifest } = makeVersion();
const source = { location: 's3://bucket/models', key: 'manifest.json' };
const parse = (changes: object) => parseManifest(JSON.stringify({ ...manifest, ...changes }), source);

it('reads a manifest with all its fields', () => {
  expect(parse({})).toEqual(manifest);
});

it.each([
  ['a path that is no plain file name', { path: '../model.onnx' }, /files\.0\.path: is not a plain file name/],
  ['an empty file', { bytes: 0, parts: [] }, /files\.0\.bytes: /],
  ['a hash in another form', { sha256: 'A'.repeat(64) }, /files\.0\.sha256: is not a SHA-256/],
  ['a part too few', { bytes: 5000 }, /files: a file has not one hash for each part/],
  ['no model', { role: 'weights' }, /files: must hold exactly one file of role model/],
  ['two tokenizers', { role: 'tokenizer' }, /files: must hold exactly one file of role tokenizer/],
  ['two files of one path', { path: 'tokenizer.json' }, /files: two files have the same path/],
])('refuses %s', (_, changes, pattern) => {
  const [model, ...others] = manifest.files;
  expect(() => parse({ files: [{ ...model, ...changes }, ...others] })).toThrow(pattern);
});

it('reads the fp16 graph beside the list, and refuses one that is described wrongly', () => {
  const [{ role: _, ...entry } = { path: '' }] = manifest.files;
  const fp16 = { ...entry, path: 'model.fp16.onnx' };
  expect(parse({ fp16 })).toEqual({ ...manifest, fp16 });
  expect(() => parse({ fp16: { ...fp16, path: '../fp16' } })).toThrow(/fp16\.path: is not a plain file name/);
  expect(() => parse({ fp16: entry })).toThrow(/files: two files have the same path/);
  expect(() => parse({ fp16: { ...fp16, parts: [] } })).toThrow(/files: a file has not one hash for each part/);
});

it.each([
  ['a null', null],
  ['a list', []],
  ['a number', 7],
])('refuses %s in place of a manifest', (_, value) => {
  expect(() => parseManifest(JSON.stringify(value), source)).toThrow(
    /^s3:\/\/bucket\/models\/manifest\.json is not valid: the whole: /,
  );
});

it('refuses a pointer to another version than that of the manifest inside', () => {
  const pointer = { ...JSON.parse(pointTo(manifest)), version: makeVersion(24).version };
  expect(() => parsePointer(JSON.stringify(pointer), source)).toThrow(/version: is not the version of the manifest/);
});

it('knows the form of a version’s name', () => {
  expect(isVersionName('20261123T081500Z-3f9a1c2')).toBe(true);
  for (const text of ['', 'latest', '20261123T081500Z-3F9A1C2', '20261123T081500Z-3f9a1c2/..', '2026-3f9a1c2'])
    expect(isVersionName(text)).toBe(false);
});
