// A whole store of small files: a version with every file that one can have, the pointer with a canary, and a verdict.
import { createVerdict } from '../../../functions/promote/verdict.ts';
import { addDigest, type FileEntry, type Manifest, startCanary } from '../../../layers/model-store/index.ts';
import { describeFile, firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { createCandidate } from '../../functions/promote/tiny-candidates.ts';

/** The version that answers, and the candidate beside it. */
export const [current, candidate] = [firstVersion, secondVersion];

/** Bytes of a part: two or three parts for each file that is read. */
const partBytes = 1024;

const others = { 'model.safetensors': 'weights', 'config.json': 'config', 'report.html': 'report' } as const;

const files = { 'model.onnx': 'model', 'tokenizer.json': 'tokenizer', 'golden.json': 'golden', ...others } as const;

const inVersion = (version: string, path: string) => `versions/${version}/${path}`;

/** All objects of a version, by key. */
async function createVersion(version: string): Promise<Map<string, Buffer>> {
  const made = await createCandidate({ version });
  const objects = new Map(Object.entries<Buffer>(made));
  const model = objects.get(inVersion(version, 'model.onnx')) ?? Buffer.of();
  objects.set(inVersion(version, 'model.fp16.onnx'), Buffer.concat([model, Buffer.from('fp16')]));
  for (const path of Object.keys(others))
    objects.set(inVersion(version, path), Buffer.from(`{"a file": "${path.repeat(50)}"}`));
  const describe = (role: FileEntry['role'], path: string) =>
    describeFile(role, path, objects.get(inVersion(version, path)) ?? Buffer.of(), partBytes);
  const { role: _, ...fp16 } = describe('model', 'model.fp16.onnx');
  const key = inVersion(version, 'manifest.json');
  const manifest: Manifest = JSON.parse(String(objects.get(key)));
  const entries = Object.entries(files).map(([path, role]) => describe(role, path));
  objects.set(key, Buffer.from(JSON.stringify(addDigest({ ...manifest, partBytes, files: entries, fp16 }), null, 1)));
  return objects;
}

/** Creates all objects of the store, by key. */
export async function createSampleStore(): Promise<ReadonlyMap<string, Buffer>> {
  const objects = new Map([...(await createVersion(current)), ...(await createVersion(candidate))]);
  const read = (version: string): Manifest => JSON.parse(String(objects.get(inVersion(version, 'manifest.json'))));
  const pointer = {
    schema: 1 as const,
    version: current,
    promotedAt: '2026-01-03T00:00:00Z',
    manifest: read(current),
    previous: ['20251201T000000Z-0000000'],
    withdrawn: ['20251202T000000Z-1111111'],
  };
  const canary = startCanary(pointer, read(candidate), { share: 50, minutes: 1_000_000 }, new Date());
  objects.set('current.json', Buffer.from(JSON.stringify(canary, null, 2)));
  const checks = [{ name: 'accuracy' as const, passed: true, detail: '0.9 against 0.9, at least 0.898 wanted' }];
  const verdict = createVerdict({ version: current, champion: undefined, checks }, new Date(0));
  objects.set(inVersion(current, 'verdict.json'), Buffer.from(JSON.stringify(verdict, null, 2)));
  return objects;
}
