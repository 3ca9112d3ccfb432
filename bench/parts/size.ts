import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Bench } from '../bench.ts';
import type { Command } from '../engine-process.ts';
import { createFact, ownName, type Row } from '../results.ts';
import { compareBlocks, summarize } from '../statistics.ts';

const mebibyte = 2 ** 20;

/** Bytes of the files below some folders. */
function weigh(paths: readonly string[], counts = (_: string) => true): number {
  return paths
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && counts(entry.name))
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}

const toRow = (name: string, bytes: number) => createFact(name, bytes / mebibyte, 'MiB');

function findSitePackages(venv: string): string {
  const [version] = readdirSync(join(venv, 'lib')).filter((name) => name.startsWith('python'));
  return join(venv, 'lib', version ?? '', 'site-packages');
}

function weighAll({ places: { root }, findImageBytes }: Bench): Row[] {
  const dist = ['layers', 'functions/predict'].map((folder) => join(root, 'dist', folder));
  const runtime = join(root, 'node_modules', 'onnxruntime-node');
  const native = join(runtime, 'bin', 'napi-v6', process.platform, process.arch);
  const bundles = weigh(dist, (name) => name.endsWith('.mjs'));
  const trimmed = weigh([native, join(runtime, 'dist'), join(root, 'node_modules', 'onnxruntime-common', 'dist')]);
  const site = findSitePackages(join(root, '.venv'));
  const python = (names: readonly string[]) => weigh(names.map((name) => join(site, name)));
  const image = findImageBytes();
  return [
    toRow(`${ownName}, its own bundles`, bundles),
    toRow(`${ownName}, with ONNX Runtime for one processor`, bundles + trimmed),
    ...(image === undefined
      ? []
      : [toRow(`${ownName}, the image of the last npm run test:image, with its stand-in base`, image)]),
    toRow('transformers.js, node_modules', weigh([join(root, 'bench', 'node_modules')])),
    toRow("Python's ONNX Runtime, tokenizers, numpy", python(['onnxruntime', 'tokenizers', 'numpy', 'numpy.libs'])),
    toRow('PyTorch for the CPU, transformers, tokenizers', python(['torch', 'transformers', 'tokenizers'])),
  ];
}

const importing = (file: string, flag: string, code: string): Command => ({ file, args: [flag, code] });

/** What the function's bundle loads before it can answer, as it was built. */
function writeOwnImports(root: string): string {
  const folder = join(root, 'dist', 'functions', 'predict');
  const chunks = readdirSync(folder).filter((file) => /^(app|handler)-.*\.mjs$/.test(file));
  const layers = ['inference', 'model-store', 'telemetry'].map((name) =>
    join(root, 'dist', 'layers', name, 'index.mjs'),
  );
  const paths = [...chunks.map((file) => join(folder, file)), ...layers];
  const imports = paths.map((path) => `import(${JSON.stringify(pathToFileURL(path).href)})`);
  return `const loaded = await Promise.all([${imports.join(', ')}]);
    await Promise.all(loaded.map(({ loadRuntime, openMeter }) => loadRuntime?.() ?? openMeter?.()));`;
}

function listImports({ places }: Bench): { name: string; command: Command }[] {
  const { root, python } = places;
  const node = (code: string): Command => ({
    file: process.execPath,
    args: ['--input-type=module', '-e', code],
    env: { ORT_DISABLE_TELEMETRY: '1', POWERTOOLS_METRICS_NAMESPACE: 'bench', POWERTOOLS_SERVICE_NAME: 'predict' },
  });
  const entry = join(root, 'bench', 'node_modules', '@huggingface', 'transformers', 'dist', 'transformers.node.mjs');
  return [
    { name: `${ownName}, all that the function loads`, command: node(writeOwnImports(root)) },
    { name: 'Node alone', command: importing(process.execPath, '-e', '0') },
    { name: 'transformers.js', command: node(`await import(${JSON.stringify(pathToFileURL(entry).href)})`) },
    {
      name: "Python's ONNX Runtime and tokenizers",
      command: importing(python, '-c', 'import onnxruntime, tokenizers'),
    },
    {
      name: 'PyTorch, transformers, Flask',
      command: importing(
        python,
        '-c',
        'import flask, torch; from transformers import AutoTokenizer, BertForSequenceClassification',
      ),
    },
  ];
}

async function timeProcess({ file, args, env }: Command): Promise<number> {
  const started = performance.now();
  const child = spawn(file, [...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed:\n${complaints}`);
  return performance.now() - started;
}

async function timeImports(bench: Bench): Promise<Row[]> {
  const { options, progress } = bench;
  const subjects = listImports(bench).map((subject) => ({ ...subject, times: [] as number[][] }));
  const blocks = options.quick ? 2 : options.blocks;
  progress.begin('Imports', blocks + 1);
  for (let block = 0; block <= blocks; block++) {
    for (const { command, times } of subjects) {
      const time = await timeProcess(command);
      // The first round brings the files into memory.
      if (block > 0) times.push([time]);
    }
    progress.step();
  }
  progress.end();
  const [ours] = subjects;
  return subjects.map(({ name, times }) => {
    const summary = summarize(times);
    const compared = name.startsWith(ownName) || name === 'Node alone' || !ours;
    return {
      name,
      unit: 'ms',
      ...summary,
      ratio: compared ? undefined : compareBlocks(summary.blocks, summarize(ours.times).blocks),
    };
  });
}

/** What is shipped, and how long a process needs to load its code. */
export async function runSize(bench: Bench): Promise<void> {
  bench.save('size', { title: 'What is shipped', about: 'Without models.', rows: weighAll(bench) });
  bench.save('imports', {
    title: 'Loading the code',
    about: 'A fresh process from its start to its end, in which it loads its code and no model; files are in memory.',
    rows: await timeImports(bench),
  });
}
