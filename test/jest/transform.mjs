import { transformSync } from 'esbuild';

/** Strips types with esbuild. `npm run test:types` finds type errors. */
export default {
  process: (source, path) =>
    transformSync(source, { loader: 'ts', format: 'esm', target: 'node20.19', sourcefile: path, sourcemap: 'inline' }),
};
