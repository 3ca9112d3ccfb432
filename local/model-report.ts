// The reports of `npm run model`: the list of versions, and one version in detail.
import { servedBytes } from '../functions/promote/checks.ts';
import { readVerdict } from '../functions/promote/verdict.ts';
import {
  findCandidate,
  listVersions,
  type Manifest,
  type ModelStore,
  type Pointer,
  readManifest,
  readPointerState,
} from '../layers/model-store/index.ts';

/** Returns a table of all versions, oldest first. */
export async function listModels(store: ModelStore): Promise<string> {
  const versions = await listVersions(store);
  if (versions.length === 0) return `There is no version in ${store.location}.\n`;
  const { pointer } = await readPointerState(store);
  const rows = await Promise.all(versions.map((version) => describeRow(store, version, pointer)));
  const table = formatRows([['VERSION', 'CREATED', 'CLASSES', 'ACCURACY', 'SIZE', 'VERDICT', ''], ...rows]);
  const none = pointer ? '' : 'None is current.\n';
  return table + none + describeCanary(pointer) + describeHold(pointer);
}

/** Returns all that is known of a version. */
export async function showModel(store: ModelStore, version: string): Promise<string> {
  const manifest = await readManifest(store, version);
  const { pointer } = await readPointerState(store);
  const verdict = await readVerdict(store, version);
  const state = describeState(version, pointer) || 'not current';
  const checks = verdict?.checks.map(({ name, passed, detail }) => [
    `verdict.${name}`,
    `${passed ? 'passed' : 'failed'}: ${detail}`,
  ]);
  return formatRows([
    ['state', state],
    ['verdict', verdict ? `${verdict.outcome} at ${verdict.judgedAt}, against ${verdict.champion ?? 'none'}` : 'none'],
    ...(checks ?? []),
    ...listFacts(manifest),
  ]);
}

/** Returns a sentence about the hold, if there is one. */
const describeHold = (pointer: Pointer | undefined): string =>
  pointer?.hold ? `On hold since ${pointer.hold.since}: ${pointer.hold.reason}. \`hold --lift\` ends it.\n` : '';

/** Returns a sentence about the canary, if one runs. */
function describeCanary(pointer: Pointer | undefined): string {
  const candidate = pointer && findCandidate(pointer, new Date());
  if (!candidate) return '';
  const { version, share, since, until } = candidate;
  return `Canary since ${since}: ${version} answers ${share} % of the texts until ${until}. \`rollback\` ends it.\n`;
}

/** Returns a version's verdict in a word. */
async function nameVerdict(store: ModelStore, version: string): Promise<string> {
  const verdict = await readVerdict(store, version).catch(() => ({ outcome: 'unreadable' }));
  return verdict?.outcome ?? 'none';
}

function describeState(version: string, pointer: Pointer | undefined): string {
  if (pointer?.version === version) return 'current';
  if (pointer && findCandidate(pointer, new Date())?.version === version) return 'candidate';
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
      String(manifest.labels.length),
      manifest.metrics.accuracy.toFixed(4),
      size,
      verdict,
      state,
    ];
  } catch {
    return [version, '', '', '', '', verdict, `${state} unreadable: show ${version} says why`.trim()];
  }
}

/** Facts of a version by name, such as `metrics.accuracy`. */
export type Facts = ReadonlyMap<string, string>;

function* flatten(value: unknown, name: string): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return yield [name, typeof value === 'string' ? value : JSON.stringify(value)];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return yield [name, value.join(', ')];
  for (const [key, inner] of Object.entries(value)) yield* flatten(inner, name ? `${name}.${key}` : key);
}

/** Returns all facts of a manifest except the hashes of parts. Files are listed by name. */
export function listFacts({ files, ...rest }: Manifest): Facts {
  const byPath = files.map(({ path, parts: _, ...file }) => [path, file] as const);
  return new Map([...flatten(rest, ''), ...byPath.flatMap(([path, file]) => [...flatten(file, `files.${path}`)])]);
}

/** Formats rows as lines whose cells stand below each other. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((widest, row) => {
    for (const [index, cell] of row.entries()) widest[index] = Math.max(widest[index] ?? 0, cell.length);
    return widest;
  }, []);
  const line = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
