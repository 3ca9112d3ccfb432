// Ways to load a model's file: a fresh process each, by turns, from the page cache. What of it helps is in layers/inference.
//
//   node bench/cold-start/loading.mjs [--store FOLDER] [--rounds N] [--threads N] [--only TEXT]
//
// The store is that of BERT-base which `npm run bench` has made, unless another is named. Needs the project's Python
// environment once, to write the model with its weights in a file of their own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** The benchmark keeps one. */
function findStore() {
  const models = join(root, '.cache', 'bench', 'models');
  const name = existsSync(models) && readdirSync(models).find((folder) => folder.startsWith('base-'));
  if (!name) throw new Error(`${models} holds no BERT-base: npm run bench makes it; or name a model store by --store.`);
  return join(models, name, 'store');
}

const { values: options } = parseArgs({
  options: {
    store: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const { store = findStore() } = options;
const { version } = JSON.parse(readFileSync(join(store, 'current.json'), 'utf8'));
const onnx = join(store, 'versions', version, 'model.onnx');
const cache = join(root, '.cache', 'loading', version);
const ort = join(cache, 'model.ort');
const external = join(cache, 'model.onnx');

const usual = { path: onnx, session: {}, options: { graphOptimizationLevel: 'disabled' } };
const mapped = { use_memory_mapped_ort_model: '1', use_ort_model_bytes_for_initializers: '1' };
const ways = {
  'the whole file, by path': usual,
  'the whole file, by buffer': { ...usual, buffer: true },
  'optimized at load, extended': { ...usual, options: { graphOptimizationLevel: 'extended' } },
  'optimized at load, all': { ...usual, options: { graphOptimizationLevel: 'all' } },
  'without prepacking': { ...usual, session: { disable_prepacking: '1' } },
  'without arena': { ...usual, options: { ...usual.options, enableCpuMemArena: false } },
  'without memory pattern': { ...usual, options: { ...usual.options, enableMemPattern: false } },
  'initializers outside the arena': { ...usual, session: { use_device_allocator_for_initializers: '1' } },
  'weights in a second file': { ...usual, path: external },
  '.ort': { ...usual, path: ort },
  '.ort, mapped': { ...usual, path: ort, session: mapped },
  '.ort, mapped, without prepacking': { ...usual, path: ort, session: { ...mapped, disable_prepacking: '1' } },
  'after a session that failed': { ...usual, failFirst: true },
  'weights mapped from the file (as served)': { ...usual, graph: join(cache, 'read-graph.mjs') },
};

/** Run in a process of its own: loads, runs 25 tokens, and prints milliseconds and MiB. */
async function load({ path, session, options: sessionOptions, buffer, graph, failFirst, threads }) {
  const { readFile } = await import('node:fs/promises');
  const start = performance.now();
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const imported = performance.now();
  const settings = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    ...sessionOptions,
    extra: { session: { ...session, intra_op: { allow_spinning: '0' } } },
  };
  if (failFirst) await InferenceSession.create(new Uint8Array(), settings).catch(() => undefined);
  const ready = performance.now();
  let source = buffer ? await readFile(path) : path;
  if (graph) {
    source = (await import(graph)).readGraph(path);
    settings.extra.session.model_external_initializers_file_folder_path = path.replace(/[^/]*$/, '');
  }
  const model = await InferenceSession.create(source, settings);
  const created = performance.now();
  const ids = Array.from({ length: 25 }, (_, index) => BigInt(1000 + index));
  const tensor = (values) => new Tensor('int64', BigInt64Array.from(values), [1, values.length]);
  const feeds = {
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1n)),
    token_type_ids: tensor(ids.map(() => 0n)),
  };
  for (const name of Object.keys(feeds)) if (!model.inputNames.includes(name)) delete feeds[name];
  await model.run(feeds);
  const first = performance.now();
  const peak = process.resourceUsage().maxRSS / 1024;
  const times = [];
  for (let run = 0; run < 20; run++) {
    const begun = performance.now();
    await model.run(feeds);
    times.push(performance.now() - begun);
  }
  const steady = times.toSorted((one, other) => one - other)[10];
  console.log(
    JSON.stringify({ import: imported - start, create: created - ready, first: first - created, steady, peak }),
  );
}

function measure(way) {
  const code = `(${load})(${JSON.stringify({ ...way, threads: Number(options.threads) })})`;
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
  const flags = ['--input-type=module', '--eval', code];
  return JSON.parse(execFileSync(process.execPath, flags, { cwd: root, env, encoding: 'utf8' }));
}

/** The middle value, to a tenth. */
const tellMedian = (values) =>
  Math.round(10 * values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]) / 10;

function writeOrt() {
  const code = `import { InferenceSession } from 'onnxruntime-node';
    await InferenceSession.create(${JSON.stringify(onnx)}, { graphOptimizationLevel: 'disabled',
      optimizedModelFilePath: ${JSON.stringify(ort)}, extra: { session: { save_model_format: 'ORT' } } });`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: root });
}

function writeExternal() {
  const code = `import sys, onnx
onnx.save_model(onnx.load(sys.argv[1]), sys.argv[2], save_as_external_data=True, location="model.data", size_threshold=1024)`;
  execFileSync(join(root, '.venv', 'bin', 'python'), ['-c', code, onnx, external]);
}

mkdirSync(cache, { recursive: true });
buildSync({
  entryPoints: [join(root, 'layers', 'inference', 'model-graph.ts')],
  outfile: join(cache, 'read-graph.mjs'),
  bundle: true,
  format: 'esm',
  platform: 'node',
});
if (!existsSync(ort)) writeOrt();
if (!existsSync(external)) writeExternal();
console.log(
  `${onnx}: ${(statSync(onnx).size / 1e6).toFixed(1)} MB, ${options.threads} threads, medians of ${options.rounds}`,
);
const series = Object.entries(ways)
  .filter(([name]) => name.includes(options.only))
  .map(([name, way]) => ({ name, way, figures: [] }));
for (let round = 0; round < Number(options.rounds); round++)
  for (const { way, figures } of series) figures.push(measure(way));
console.table(
  Object.fromEntries(
    series.map(({ name, figures }) => [
      name,
      Object.fromEntries(Object.keys(figures[0]).map((key) => [key, tellMedian(figures.map((one) => one[key]))])),
    ]),
  ),
);
