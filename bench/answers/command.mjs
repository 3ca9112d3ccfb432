// `npm run bench:answers`: builds bench/answers/measure.ts and runs it with the arguments given.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const built = join(root, '.cache', 'bench', 'built');

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ['measure.ts'],
  outdir: built,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const { measure } = await import(pathToFileURL(join(built, 'measure.mjs')).href);
await measure({ root, args: process.argv.slice(2) });
