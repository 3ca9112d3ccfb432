import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, join } from 'node:path';

export const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
const hashText = (text: string) => createHash('sha256').update(text).digest('hex');

/** Paths on this machine. `root` is the checkout, `built` holds the benchmark's own built programs. */
export const findPaths = (root: string, built: string) => ({
  root,
  built,
  /** Models and packages, which are made once and kept. */
  cache: join(root, '.cache', 'bench'),
  /** The Lambda function as built. */
  bundle: join(root, 'dist', 'functions', 'predict', 'index.mjs'),
  /** Python of the project's own environment. */
  python: join(root, '.venv', 'bin', 'python'),
});
type Paths = ReturnType<typeof findPaths>;

/** Runs a program to its end. If it fails, a file in the cache keeps all that it wrote, and the error has what is no warning. */
export function runProgram(
  { cache }: Pick<Paths, 'cache'>,
  file: string,
  args: readonly string[],
  env = process.env,
): void {
  const { status, stdout, stderr, error } = spawnSync(file, args, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (error) throw error;
  if (status === 0) return;
  const log = join(cache, 'failed.log');
  writeFileSync(log, `${stdout}${stderr}`);
  const errors = stderr.split('\n').filter((line) => !/^(WARNING:|npm warn)/.test(line));
  throw new Error(`${file} ${args.join(' ')} failed; ${log} has all that it wrote.\n${errors.join('\n').slice(-4000)}`);
}

/** Installs what a file lists into a folder, unless the folder's stamp says that it is there. */
function installOnce(list: string, folder: string, install: () => void): string {
  const stamp = join(folder, '.sha256');
  const hash = hashText(readFileSync(list, 'utf8'));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return folder;
  install();
  writeFileSync(stamp, hash);
  return folder;
}

/** A library that makes MKL fast on AMD. Without a compiler there is none, and PyTorch on AMD stays as slow as it comes. */
function buildShim({ root, cache }: Paths): string | undefined {
  const shim = join(cache, 'mkl_on_amd.so');
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    runProgram({ cache }, 'cc', ['-shared', '-fPIC', '-O2', '-o', shim, join(root, 'bench', 'peers', 'mkl_on_amd.c')]);
    return shim;
  } catch {
    return undefined;
  }
}

/** Installs the packages of the benchmark alone: `pythonPath` leads to Flask and gunicorn. The first run takes a minute or two. */
export function providePackages(paths: Paths) {
  const { root, cache, python } = paths;
  const [bench, target] = [join(root, 'bench'), join(cache, 'python')];
  mkdirSync(cache, { recursive: true });
  // As bench/.npmrc says: a CPU needs nothing that the install script downloads.
  const skipDownload = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const installNode = () => runProgram(paths, 'npm', ['ci', '--prefix', bench], skipDownload);
  installOnce(join(bench, 'package-lock.json'), join(bench, 'node_modules'), installNode);
  const list = join(bench, 'requirements.txt');
  const flags = ['--quiet', '--disable-pip-version-check', '--upgrade', '--target', target];
  const installPython = () => runProgram(paths, python, ['-m', 'pip', 'install', ...flags, '-r', list]);
  return { pythonPath: installOnce(list, target, installPython), shim: buildShim(paths) };
}

/** Folder of the sample model's current version. */
export function findSample(root: string): string {
  const store = join(root, 'models', 'sample');
  return join(store, 'versions', readJson(store, 'current.json').version);
}

/** A Python file and the files of training/ that it imports, directly or not. */
function listImports(root: string, path: string, found = new Set<string>()): Set<string> {
  found.add(path);
  for (const [, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(/^(?:from|import) ([\w.]+)/gm)) {
    const imported = join('training', `${name.replaceAll('.', '/')}.py`);
    if (!found.has(imported) && existsSync(join(root, imported))) listImports(root, imported, found);
  }
  return found;
}

/** Hash of what determines the made models: code and versions of libraries. */
export function hashRecipe(root: string): string {
  const code = [...listImports(root, join('bench', 'peers', 'peer_models.py'))].sort();
  const texts = [join('training', 'requirements.txt'), ...code].map((path) => readFileSync(join(root, path), 'utf8'));
  return hashText(texts.join('')).slice(0, 12);
}

/** Random weights in a shape, unless the same recipe has made them before. */
function provideNetwork({ root, cache, python }: Paths, shape: string) {
  const models = join(cache, 'models');
  const folder = join(models, `${shape}-${hashRecipe(root)}`);
  if (!existsSync(folder)) {
    const draft = join(models, `${shape}-${process.pid}`);
    const script = join(root, 'bench', 'peers', 'peer_models.py');
    runProgram({ cache }, python, [
      script,
      draft,
      '--tokenizer',
      join(findSample(root), 'tokenizer.json'),
      '--shape',
      shape,
    ]);
    // A model takes half a gigabyte: those of earlier recipes are removed.
    const earlier = readdirSync(models).filter((name) => name.startsWith(`${shape}-`) && join(models, name) !== draft);
    for (const name of earlier) rmSync(join(models, name), { recursive: true });
    renameSync(draft, folder);
  }
  return { store: join(folder, 'store'), peer: join(folder, 'peer') };
}

/** The model that ships. `@huggingface/transformers` needs more files than this project. */
function provideSample({ root, cache }: Paths) {
  const source = findSample(root);
  const peer = join(cache, 'models', `sample-${basename(source)}`);
  mkdirSync(join(peer, 'onnx'), { recursive: true });
  cpSync(join(source, 'model.onnx'), join(peer, 'onnx', 'model_quantized.onnx'));
  cpSync(join(source, 'tokenizer.json'), join(peer, 'tokenizer.json'));
  const write = (name: string, content: unknown) => writeFileSync(join(peer, name), JSON.stringify(content));
  const { labels }: { readonly labels: readonly string[] } = readJson(source, 'manifest.json');
  const names = { id2label: { ...labels }, label2id: Object.fromEntries(labels.map((label, id) => [label, id])) };
  write('config.json', { model_type: 'bert', architectures: ['BertForSequenceClassification'], ...names });
  write('tokenizer_config.json', { tokenizer_class: 'BertTokenizer', model_max_length: 512 });
  return { store: join(root, 'models', 'sample'), peer };
}

/** Each model as a store of this project, and in the layout of `@huggingface/transformers` for the others. */
export const provideModels = (paths: Paths, shape: string) => ({
  network: provideNetwork(paths, shape),
  sample: provideSample(paths),
});

const versionsScript = `
import importlib.metadata, json, platform
names = ["torch", "onnxruntime", "transformers", "tokenizers"]
print(json.dumps({"Python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}))`;

/** Processor instructions that decide how fast int8 and bfloat16 are. */
const instructions = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8'];

/** The machine and the versions of all libraries. */
export function describeMachine({ root, python }: Paths) {
  const cpuInfo = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = /^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.split(' ') ?? [];
  const readLock = (folder: string, name: string) =>
    readJson(folder, 'package-lock.json').packages[`node_modules/${name}`]?.version ?? 'unknown';
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    instructions: instructions.filter((name) => flags.includes(name)).join(', '),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    versions: {
      Node: process.version,
      'onnxruntime-node': readLock(root, 'onnxruntime-node'),
      '@huggingface/transformers': readLock(join(root, 'bench'), '@huggingface/transformers'),
      ...JSON.parse(execFileSync(python, ['-c', versionsScript], { encoding: 'utf8' })),
    },
  };
}
