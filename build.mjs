// Bundles layers, functions and local commands into dist/ (or `--out FOLDER`): an ES module each, and beside it one for what
// it imports dynamically, which a cold start reads later or never. Layers stay separate files, so that a changed handler
// ships kilobytes and the image's layer with ONNX Runtime stays as it was. The page and the API reference become files of
// dist/page/, which functions/predict/page/routes.ts serves. `--packages FILE` writes which packages each bundle contains.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = import.meta.dirname;
const { values: options } = parseArgs({
  options: { quiet: { type: 'boolean' }, out: { type: 'string', default: 'dist' }, packages: { type: 'string' } },
});
const outFolder = resolve(root, options.out);

const entries = [
  'layers/inference/index',
  'layers/model-store/index',
  'layers/prediction/index',
  'layers/reader/index',
  'layers/telemetry/index',
  'functions/drift/index',
  'functions/bulk/index',
  'functions/predict/index',
  'functions/promote/index',
  'functions/stream/index',
  'local/serve',
  'local/worker',
  'local/sample-bucket',
  'local/score',
  'local/smoke',
  'local/model',
  'local/cost',
  'local/key',
  'local/bulk',
  'local/stream',
  'local/train-data',
  'local/train-submit',
];

/**
 * Imports of another layer's or function's index.ts stay imports of its built file. A bundle holds files from several
 * folders, so the import is written anew, relative to the bundle.
 */
const keepDoors = (entry) => ({
  name: 'keep-doors',
  setup(bundler) {
    bundler.onResolve({ filter: /\/index\.ts$/ }, ({ path, kind, resolveDir }) => {
      const isDoor = /^(layers|functions)\/[a-z-]+\/index\.ts$/.test(relative(root, resolve(resolveDir, path)));
      if (kind === 'entry-point' || !isDoor) return undefined;
      const door = relative(join(root, dirname(entry)), resolve(resolveDir, path)).replace(/\.ts$/, '.mjs');
      return { path: door.startsWith('.') ? door : `./${door}`, external: true };
    });
  },
});

/** Our messages are our own: zod's in sixty languages would weigh as much as all the rest of it. */
const leaveOutLanguages = {
  name: 'leave-out-languages',
  setup(bundler) {
    bundler.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

const requireForCommands =
  "import { createRequire as createCommandRequire } from 'node:module'; const require = createCommandRequire(import.meta.url);";

const bundle = (entry) =>
  build({
    absWorkingDir: root,
    entryPoints: { [entry]: `${entry}.ts` },
    outdir: outFolder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: !entry.startsWith('local/'),
    chunkNames: `${dirname(entry)}/[name]-[hash]`,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // ES module builds first: the CommonJS ones call require('node:https'), which an ES module bundle cannot.
    mainFields: ['module', 'main'],
    // Native code.
    external: ['onnxruntime-node'],
    // commander and cli-progress are CommonJS: they call require, which an ES module does not have by itself.
    banner: entry.startsWith('local/') ? { js: requireForCommands } : {},
    plugins: [keepDoors(entry), leaveOutLanguages],
    sourcemap: 'linked',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    write: false,
  });

const pageFolder = 'functions/predict/page';
const documents = ['index.html', 'docs.html'];
const assets = [
  `${pageFolder}/browser/main.ts`,
  `${pageFolder}/browser/reference.ts`,
  `${pageFolder}/style.css`,
  `${pageFolder}/icon.svg`,
  // The API reference, by decision 0064.
  'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'node_modules/swagger-ui-dist/swagger-ui.css',
];

const bundleAssets = () =>
  build({
    absWorkingDir: root,
    entryPoints: assets,
    outdir: join(outFolder, 'page', 'assets'),
    entryNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    loader: { '.js': 'copy', '.svg': 'copy' },
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    // The browser's tsconfig.json is for types alone, and the image's build has no tsconfig.json.
    tsconfigRaw: {},
    write: false,
  });

/** Folders of the packages whose code a bundle contains, such as `node_modules/zod`. */
function listPackages({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const paths = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const folders = paths.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** Packs the documents and their assets. A name holds a hash of the content, and the documents get the names with hashes. */
async function bundlePage() {
  const { outputFiles, metafile } = await bundleAssets();
  const names = Object.entries(metafile.outputs).map(([path, { entryPoint, inputs }]) => {
    const source = entryPoint ?? Object.keys(inputs)[0];
    return [basename(source).replace(/\.ts$/, '.js'), basename(path)];
  });
  const linked = (text) =>
    names.reduce((result, [plain, hashed]) => result.replaceAll(`"assets/${plain}"`, `"assets/${hashed}"`), text);
  const texts = documents.map((name) => ({
    path: join(outFolder, 'page', name),
    contents: linked(readFileSync(join(root, pageFolder, name), 'utf8')),
  }));
  const packed = [...texts, ...outputFiles].map(({ path, contents }) => ({
    path: `${path}.gz`,
    contents: gzipSync(contents, { level: 9 }),
  }));
  return { outputFiles: packed, metafile };
}

/** Under a temporary name first: a server that runs from the same folder never finds half a file. */
const write = ({ path, contents }) => {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
  if (!options.quiet) console.log(`${relative(root, path)}  ${Math.ceil(contents.length / 1024)} KiB`);
};

const removeOthers = (written) => {
  const stale = readdirSync(outFolder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.(mjs|mjs\.map|gz)$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => !written.includes(path));
  for (const path of stale) rmSync(path, { force: true });
};

const [page, ...bundles] = await Promise.all([bundlePage(), ...entries.map(bundle)]);
const files = [page, ...bundles].flatMap(({ outputFiles }) => outputFiles);
for (const file of files) write(file);
removeOthers(files.map(({ path }) => path));
if (options.packages) {
  const packages = [page, ...bundles].map(({ metafile }, index) => [
    ['page', ...entries][index],
    listPackages(metafile),
  ]);
  writeFileSync(options.packages, JSON.stringify(Object.fromEntries(packages)));
}
