import { listVersions, type ModelStore, readPointer } from '../../layers/model-store/index.ts';
import { UsageError } from '../command-line.ts';

/**
 * The version that a word means: its name, a part of its name that no other has, or `current`.
 *
 * @throws UsageError that says what there is.
 */
export async function resolveVersion(store: ModelStore, word: string): Promise<string> {
  if (word === 'current') return (await readPointer(store)).pointer.version;
  const versions = await listVersions(store);
  if (versions.includes(word)) return word;
  const meant = versions.filter((version) => version.includes(word));
  const [only] = meant;
  if (meant.length === 1 && only !== undefined) return only;
  if (meant.length > 1) throw new UsageError(`${JSON.stringify(word)} may be any of ${meant.join(', ')}.`);
  const there = versions.length > 0 ? `The latest is ${versions.at(-1)}; list shows all` : 'There is none';
  throw new UsageError(`There is no version ${JSON.stringify(word)} in ${store.location}. ${there}.`);
}
