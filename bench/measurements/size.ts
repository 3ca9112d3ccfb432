import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Bench } from '../bench.ts';
import { findTransformersJs } from '../contenders.ts';
import { timeProcess } from '../processes.ts';
import { addRatios, createFact, createRow, ownName, type Row } from '../results.ts';
import { takeTurns } from '../runner.ts';

/** MiB of the files below some folders. */
function sumSizes(folders: readonly string[], ending = ''): number {
  const entries = folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }));
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending));
  return files.reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0) / 2 ** 20;
}

function listSizes({ paths: { root }, findImageBytes }: Bench): Row[] {
  const version = readdirSync(join(root, '.venv', 'lib')).find((name) => name.startsWith('python')) ?? '';
  const sumPackages = (...names: string[]) =>
    sumSizes(names.map((name) => join(root, '.venv', 'lib', version, 'site-packages', name)));
  const native = join('onnxruntime-node', 'bin', 'napi-v6', process.platform, process.arch);
  const runtime = [native, 'onnxruntime-node/dist', 'onnxruntime-common/dist'];
  const bundles = sumSizes([join(root, 'dist', 'layers'), join(root, 'dist', 'functions', 'predict')], '.mjs');
  const image = findImageBytes();
  const sizes: Record<string, number | undefined> = {
    [`${ownName}, its own bundles`]: bundles,
    [`${ownName}, with ONNX Runtime for one processor`]:
      bundles + sumSizes(runtime.map((folder) => join(root, 'node_modules', folder))),
    [`${ownName}, the image of the last npm run test:image, with its stand-in base`]: image && image / 2 ** 20,
    'transformers.js, node_modules': sumSizes([join(root, 'bench', 'node_modules')]),
    "Python's ONNX Runtime, tokenizers, numpy": sumPackages('onnxruntime', 'tokenizers', 'numpy', 'numpy.libs'),
    'PyTorch for the CPU, transformers, tokenizers': sumPackages('torch', 'transformers', 'tokenizers'),
  };
  return Object.entries(sizes).flatMap(([name, size]) => (size === undefined ? [] : createFact(name, size, 'MiB')));
}

const toUrl = (path: string) => JSON.stringify(pathToFileURL(path).href);

/** Code that loads what the function's bundle loads before it can answer. */
function writeOwnImports(root: string): string {
  const folder = join(root, 'dist', 'functions', 'predict');
  const chunks = readdirSync(folder).filter((file) => /^(app|handler)-.*\.mjs$/.test(file));
  const layers = ['inference', 'model-store', 'telemetry'].map((name) => `../../layers/${name}/index.mjs`);
  const imports = [...chunks, ...layers].map((path) => `import(${toUrl(join(folder, path))})`);
  return `const loaded = await Promise.all([${imports.join(', ')}]);
    await Promise.all(loaded.map(({ loadRuntime }) => loadRuntime?.()));`;
}

const idle = 'Node alone';

async function measureImports({ paths: { root, python }, options }: Bench): Promise<Row[]> {
  const env = { ORT_DISABLE_TELEMETRY: '1' };
  const inNode = (code: string) => ({ file: process.execPath, args: ['--input-type=module', '-e', code], env });
  const inPython = (code: string) => ({ file: python, args: ['-c', code] });
  const torch = 'import flask, torch; from transformers import AutoTokenizer, BertForSequenceClassification';
  const subjects = [
    { name: `${ownName}, all that the function loads`, command: inNode(writeOwnImports(root)) },
    { name: idle, command: { file: process.execPath, args: ['-e', '0'] } },
    { name: 'transformers.js', command: inNode(`await import(${toUrl(findTransformersJs(root))})`) },
    { name: "Python's ONNX Runtime and tokenizers", command: inPython('import onnxruntime, tokenizers') },
    { name: 'PyTorch, transformers, Flask', command: inPython(torch) },
  ].map((subject) => ({ ...subject, blocks: [] as number[][] }));
  // The first round brings the files into memory.
  await takeTurns('Imports', 1 + (options.quick ? 2 : options.blocks), subjects, async ({ command, blocks }, round) => {
    const time = await timeProcess(command);
    if (round > 0) blocks.push([time]);
  });
  const rows = addRatios(subjects.map(({ name, blocks }) => createRow(name, 'ms', blocks)));
  return rows.map((row) => (row.name === idle ? { ...row, ratio: undefined } : row));
}

/** The size of what is shipped, and the time in which a process loads its code. */
export async function measureSize(bench: Bench): Promise<void> {
  bench.save('size', listSizes(bench));
  bench.save('imports', await measureImports(bench));
}
