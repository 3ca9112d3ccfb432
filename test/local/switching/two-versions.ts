import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addDigest } from '../../../layers/model-store/index.ts';
import { makeRoot, publishCandidate } from '../../functions/promote/tiny-candidates.ts';

/** A store with two versions, the first of them current. */
export interface TwoVersions {
  readonly root: string;
  readonly first: string;
  readonly second: string;
}

/** Makes two versions of the tiny model. */
export async function makeTinyVersions(): Promise<TwoVersions> {
  const [first, second] = ['20260101T000000Z-aaaaaaa', '20260102T000000Z-bbbbbbb'];
  const root = await makeRoot();
  await publishCandidate(root, { version: first }, { current: true });
  await publishCandidate(root, { version: second });
  return { root, first, second };
}

/** Makes two versions that are both the sample model. The cost of a switch depends on the size alone. */
export async function makeSampleVersions(): Promise<TwoVersions> {
  const root = await makeRoot();
  cpSync(resolve('models', 'sample'), root, { recursive: true });
  const { version: first }: { version: string } = JSON.parse(readFileSync(join(root, 'current.json'), 'utf8'));
  const second = '29991231T000000Z-fffffff';
  cpSync(join(root, 'versions', first), join(root, 'versions', second), { recursive: true });
  const path = join(root, 'versions', second, 'manifest.json');
  writeFileSync(path, JSON.stringify(addDigest({ ...JSON.parse(readFileSync(path, 'utf8')), version: second })));
  return { root, first, second };
}
