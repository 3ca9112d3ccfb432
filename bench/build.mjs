// Bundles programs of the benchmark, which then run by Node.
import { join } from 'node:path';
import { build } from 'esbuild';

/** Folder of the built programs. */
export const builtFolder = join(import.meta.dirname, '..', '.cache', 'bench', 'built');

/** Bundles some files of a folder into another one, with the ending .mjs. Packages stay imports. */
export const buildPrograms = (folder, entryPoints, outdir = builtFolder) =>
  build({
    absWorkingDir: folder,
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
