import type { Manifest } from '../../layers/model-store/index.ts';

/** Facts of a version by name, such as `metrics.accuracy`. */
export type Facts = ReadonlyMap<string, string>;

function* flatten(value: unknown, name: string): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return yield [name, typeof value === 'string' ? value : JSON.stringify(value)];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return yield [name, value.join(', ')];
  for (const [key, inner] of Object.entries(value)) yield* flatten(inner, name ? `${name}.${key}` : key);
}

/** Everything that a manifest says, save the hashes of parts; files by their name. */
export function listFacts({ files, ...rest }: Manifest): Facts {
  const byPath = files.map(({ path, parts: _, ...file }) => [path, file] as const);
  return new Map([...flatten(rest, ''), ...byPath.flatMap(([path, file]) => [...flatten(file, `files.${path}`)])]);
}

/** Lines of names and values, the values below each other. */
export function layOut(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((widest, row) => {
    for (const [index, cell] of row.entries()) widest[index] = Math.max(widest[index] ?? 0, cell.length);
    return widest;
  }, []);
  const line = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** The facts in which two versions differ, with `-` where one has none. */
export function compareFacts(one: Facts, other: Facts): readonly (readonly [string, string, string])[] {
  const names = [...new Set([...one.keys(), ...other.keys()])].sort();
  return names
    .map((name) => [name, one.get(name) ?? '-', other.get(name) ?? '-'] as const)
    .filter(([, left, right]) => left !== right);
}
