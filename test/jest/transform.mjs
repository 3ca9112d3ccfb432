import { transformSync } from 'esbuild';

/** Strips types with esbuild; type errors are `npm run test:types`'s to find. */
export default {
  process: (source, path) =>
    transformSync(source, { loader: 'ts', format: 'esm', target: 'node20.19', sourcefile: path, sourcemap: 'inline' }),
};
