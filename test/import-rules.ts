import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';

/** A source file: how many lines it has, and which source files it imports. Paths are relative to the tree's root. */
export interface Source {
  readonly lines: number;
  readonly imports: readonly string[];
}

/** Every source file of a tree by its path. */
export type Sources = ReadonlyMap<string, Source>;

const sourceFile = /\.(ts|mts|js|mjs|cjs)$/;
const declaration = /\.d\.(ts|mts|cts)$/;

/**
 * Reads the imports of all source files in some folders and directly in the root. It counts static, dynamic and
 * type-only imports, re-exports, and `require`. It leaves out packages, data files, and files that are named without an
 * import, such as a worker's.
 */
export function readSources(root: string, folders: readonly string[]): Sources {
  const atRoot = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const inFolders = folders.flatMap((folder) => listFiles(root, folder));
  const paths = [...atRoot, ...inFolders].filter((path) => sourceFile.test(path));
  const known = new Set(paths);
  return new Map(paths.map((path) => [path, readSource(root, path, known)]));
}

const listFiles = (root: string, folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name === 'node_modules' ? [] : listFiles(root, path);
  });

function readSource(root: string, path: string, known: ReadonlySet<string>): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const targets = importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(path), fileName))
    .filter((target) => known.has(target));
  return { lines: text.trimEnd().split('\n').length, imports: [...new Set(targets)] };
}

/** Finds import cycles, each as `a → b → a`. A cycle of type-only imports counts. */
export function findCycles(sources: Sources): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const target of sources.get(path)?.imports ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}

/** The area of a file: each layer and each function is one, and so is every other folder of the root. */
function areaOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'layers' || top === 'functions' ? `${top}/${second}` : top;
}

/**
 * Which top folders an area, or each area of a top folder, may import. No layer imports another, but for
 * layers/prediction, which makes one thing of the others. No function imports another.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  layers: [],
  'layers/prediction': ['layers'],
  functions: ['layers'],
  local: ['layers', 'functions'],
  // The benchmark runs its contenders in the Python environment and the containers of the tests.
  bench: ['layers', 'functions', 'local', 'test'],
  infra: [],
  // test/python.mjs makes Python environments.
  'supply-chain': ['test'],
  // A package of its own.
  client: [],
};

/**
 * Finds imports that lead from one area into another that it must not know, as `from → to`. Tests may import
 * everything.
 */
export function findForbiddenImports(sources: Sources): string[] {
  return listImports(sources)
    .filter(([from, to]) => areaOf(from) !== areaOf(to) && topOf(from) !== 'test')
    .filter(([from, to]) => !(allowed[areaOf(from)] ?? allowed[topOf(from)] ?? []).includes(topOf(to)))
    .map((ends) => ends.join(' → '));
}

/**
 * Finds imports from outside of a layer that do not go through its index.ts, as `from → to`. A layer's own tests may.
 */
export function findInnerImports(sources: Sources): string[] {
  return listImports(sources)
    .filter(([from, to]) => topOf(to) === 'layers' && areaOf(from) !== areaOf(to))
    .filter(([from, to]) => basename(to) !== 'index.ts' && !from.startsWith(`test/${areaOf(to)}/`))
    .map((ends) => ends.join(' → '));
}

/** Finds files of one area that have the same name, as `one, other`. Each folder may have its index.ts. */
export function findSameNames(sources: Sources): string[] {
  const files = listNamedFiles(sources);
  const namesakes = (path: string) =>
    files.filter((other) => areaOf(other) === areaOf(path) && basename(other) === basename(path));
  return [
    ...new Set(
      files
        .map(namesakes)
        .filter((paths) => paths.length > 1)
        .map((paths) => paths.join(', ')),
    ),
  ];
}

/** Finds files with fewer than 15 lines that exactly one other source file imports. Tests do not count. */
export function findTinyFiles(sources: Sources): string[] {
  const imported = listImports(sources).filter(([from]) => topOf(from) !== 'test');
  return listNamedFiles(sources).filter(
    (path) => (sources.get(path)?.lines ?? 0) < 15 && imported.filter(([, to]) => to === path).length === 1,
  );
}

const topOf = (path: string) => path.split('/')[0] ?? '';

const listImports = (sources: Sources): (readonly [from: string, to: string])[] =>
  [...sources].flatMap(([from, { imports }]) => imports.map((to) => [from, to] as const));

const listNamedFiles = (sources: Sources): string[] =>
  [...sources.keys()].filter(
    (path) => topOf(path) !== 'test' && basename(path) !== 'index.ts' && !declaration.test(path),
  );
