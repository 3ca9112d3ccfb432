import { servedBytes } from '../../functions/promote/checks.ts';
import { readVerdict } from '../../functions/promote/verdict.ts';
import {
  listVersions,
  type ModelStore,
  type Pointer,
  readManifest,
  readPointerState,
} from '../../layers/model-store/index.ts';
import { compareFacts, layOut, listFacts } from './facts.ts';

/** What a version's verdict is, in a word. */
async function nameVerdict(store: ModelStore, version: string): Promise<string> {
  const verdict = await readVerdict(store, version).catch(() => ({ outcome: 'unreadable' }));
  return verdict?.outcome ?? 'none';
}

function describeState(version: string, pointer: Pointer | undefined): string {
  if (pointer?.version === version) return 'current';
  return pointer?.withdrawn?.includes(version) ? 'withdrawn' : '';
}

async function describeRow(store: ModelStore, version: string, pointer: Pointer | undefined): Promise<string[]> {
  const verdict = await nameVerdict(store, version);
  const state = describeState(version, pointer);
  try {
    const manifest = await readManifest(store, version);
    const size = `${(servedBytes(manifest) / 1e6).toFixed(1)} MB`;
    return [
      version,
      manifest.createdAt.slice(0, 16).replace('T', ' '),
      manifest.metrics.accuracy.toFixed(4),
      size,
      verdict,
      state,
    ];
  } catch {
    return [version, '', '', '', verdict, `${state} unreadable: show ${version} says why`.trim()];
  }
}

/** The sentence about a hold, if there is one. */
export const describeHold = (pointer: Pointer | undefined): string =>
  pointer?.hold ? `On hold since ${pointer.hold.since}: ${pointer.hold.reason}. \`hold --lift\` ends it.\n` : '';

/** A table of all versions, oldest first. */
export async function listModels(store: ModelStore): Promise<string> {
  const versions = await listVersions(store);
  if (versions.length === 0) return `There is no version in ${store.location}.\n`;
  const { pointer } = await readPointerState(store);
  const rows = await Promise.all(versions.map((version) => describeRow(store, version, pointer)));
  const table = layOut([['VERSION', 'CREATED', 'ACCURACY', 'SIZE', 'VERDICT', ''], ...rows]);
  const none = pointer ? '' : 'None is current.\n';
  return table + none + describeHold(pointer);
}

/** All that is known of a version. */
export async function showModel(store: ModelStore, version: string): Promise<string> {
  const manifest = await readManifest(store, version);
  const { pointer } = await readPointerState(store);
  const verdict = await readVerdict(store, version);
  const state = describeState(version, pointer) || 'not current';
  const checks = verdict?.checks.map(({ name, passed, detail }) => [
    `verdict.${name}`,
    `${passed ? 'passed' : 'failed'}: ${detail}`,
  ]);
  return layOut([
    ['state', state],
    ['verdict', verdict ? `${verdict.outcome} at ${verdict.judgedAt}, against ${verdict.champion ?? 'none'}` : 'none'],
    ...(checks ?? []),
    ...listFacts(manifest),
  ]);
}

/** Settings, metrics and files in which two versions differ. */
export async function compareModels(store: ModelStore, one: string, other: string): Promise<string> {
  const [left, right] = await Promise.all([readManifest(store, one), readManifest(store, other)]);
  const rows = compareFacts(listFacts(left), listFacts(right));
  return layOut([['', one, other], ...rows]);
}
