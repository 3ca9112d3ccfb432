// Bundles layers, functions and local commands into dist/, one ES module each. Layers stay separate files, so that a
// changed handler ships kilobytes and the image's layer with ONNX Runtime stays as it was.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const entries = {
  'layers/inference/index': 'layers/inference/index.ts',
  'layers/model-store/index': 'layers/model-store/index.ts',
  'functions/predict/index': 'functions/predict/index.ts',
  'local/serve': 'local/serve.ts',
  'local/worker': 'local/worker.ts',
  'local/score': 'local/score.ts',
};

/** Imports of another layer's or function's index.ts stay imports of its built file, at the same relative place. */
const keepDoors = {
  name: 'keep-doors',
  setup(bundler) {
    bundler.onResolve({ filter: /(layers\/[a-z-]+|functions\/[a-z-]+)\/index\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.mjs'), external: true },
    );
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: entries,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // ES module builds first: the CommonJS ones call require('node:https'), which an ES module bundle cannot.
  mainFields: ['module', 'main'],
  external: ['onnxruntime-node'],
  plugins: [keepDoors],
  sourcemap: 'linked',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: process.argv.includes('--quiet') ? 'warning' : 'info',
});
