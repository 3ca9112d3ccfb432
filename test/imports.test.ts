import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  findCycles,
  findForbiddenImports,
  findInnerImports,
  findSameNames,
  findTinyFiles,
  readSources,
} from './import-rules.ts';

const folders = ['functions', 'layers', 'local', 'bench', 'infra', 'supply-chain', 'client', 'test'];

describe('the sources of this project', () => {
  const sources = readSources(process.cwd(), folders);

  it('are found', () => {
    expect(sources.get('functions/predict/index.ts')?.imports).toContain('layers/telemetry/index.ts');
    expect([...sources.keys()]).toContain('build.mjs');
    expect(sources.size).toBeGreaterThan(150);
  });

  it('have no import cycle', () => {
    expect(findCycles(sources)).toEqual([]);
  });

  it('import only what their area may know', () => {
    expect(findForbiddenImports(sources)).toEqual([]);
  });

  it('import a layer through its index.ts', () => {
    expect(findInnerImports(sources)).toEqual([]);
  });

  it('have names that differ within an area', () => {
    expect(findSameNames(sources)).toEqual([]);
  });

  it('are not split into tiny files', () => {
    expect(findTinyFiles(sources)).toEqual([]);
  });
});

describe('the rules', () => {
  const long = 'export const line = 1;\n'.repeat(15);

  /** Reads a tree of files in a temporary folder. */
  function plant(files: Readonly<Record<string, string>>) {
    const root = mkdtempSync(join(tmpdir(), 'imports-'));
    for (const folder of folders) mkdirSync(join(root, folder));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return readSources(root, folders);
  }

  it('find a cycle, also one of type-only, dynamic and require imports', () => {
    const sources = plant({
      'layers/a/index.ts': "export * from './one.ts';",
      'layers/a/one.ts': "import type { Two } from './two.ts';",
      'layers/a/two.ts': "export type Two = typeof import('./three.ts');",
      'layers/a/three.ts': "export const load = () => import('./one.ts');",
      'infra/one.cjs': "const two = require('./two.cjs');",
      'infra/two.cjs': "const one = require('./one.cjs');",
      'infra/three.cjs': "const two = require('./two.cjs'); // require('./three.cjs')",
    });
    expect(findCycles(sources)).toEqual([
      'layers/a/one.ts → layers/a/two.ts → layers/a/three.ts → layers/a/one.ts',
      'infra/one.cjs → infra/two.cjs → infra/one.cjs',
    ]);
  });

  it('find imports of one layer by another, of a function by a layer or function, and of local/ by a function', () => {
    const sources = plant({
      'layers/a/index.ts': "import '../b/index.ts'; import '../../functions/f/index.ts';",
      'layers/b/index.ts': long,
      'layers/prediction/index.ts': "import '../a/index.ts';",
      'functions/f/index.ts': "import '../g/index.ts'; import '../../layers/a/index.ts'; import '../../local/x.ts';",
      'functions/g/index.ts': "import '../../bench/x.ts';",
      'local/x.ts': "import '../functions/f/index.ts';",
      'bench/x.ts': long,
    });
    expect(findForbiddenImports(sources)).toEqual([
      'functions/f/index.ts → functions/g/index.ts',
      'functions/f/index.ts → local/x.ts',
      'functions/g/index.ts → bench/x.ts',
      'layers/a/index.ts → layers/b/index.ts',
      'layers/a/index.ts → functions/f/index.ts',
    ]);
  });

  it("find imports of a layer's inner files, except by its own tests", () => {
    const sources = plant({
      'layers/a/index.ts': "export * from './inner.ts';",
      'layers/a/inner.ts': long,
      'functions/f/index.ts': "import '../../layers/a/inner.ts';",
      'test/layers/a/inner.test.ts': "import '../../../layers/a/inner.ts';",
      'test/layers/b/inner.test.ts': "import '../../../layers/a/inner.ts';",
    });
    expect(findInnerImports(sources)).toEqual([
      'functions/f/index.ts → layers/a/inner.ts',
      'test/layers/b/inner.test.ts → layers/a/inner.ts',
    ]);
  });

  it('find files of the same name in one area', () => {
    const sources = plant({
      'local/one/options.ts': long,
      'local/two/options.ts': long,
      'local/one/index.ts': long,
      'local/two/index.ts': long,
      'layers/a/errors.ts': long,
      'layers/b/errors.ts': long,
    });
    expect(findSameNames(sources)).toEqual(['local/one/options.ts, local/two/options.ts']);
  });

  it('find a tiny file that is imported once', () => {
    const sources = plant({
      'layers/a/index.ts': "export * from './once.ts'; export * from './twice.ts'; export * from './long.ts';",
      'layers/a/long.ts': `import './twice.ts';\n${long}`,
      'layers/a/once.ts': 'export const once = 1;',
      'layers/a/twice.ts': 'export const twice = 2;',
      'layers/a/never.ts': 'export const never = 3;',
      'layers/a/types.d.ts': 'export type Type = 4;',
      'test/layers/a/once.test.ts': "import '../../../layers/a/once.ts';",
    });
    expect(findTinyFiles(sources)).toEqual(['layers/a/once.ts']);
  });
});
