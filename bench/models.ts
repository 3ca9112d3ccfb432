import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Places } from './places.ts';
import { runProgram } from './program.ts';

/** The same network twice. */
export interface ModelPair {
  /** A model store as this project publishes it. */
  readonly store: string;
  /** What the others load, in the layout of `@huggingface/transformers`. */
  readonly peer: string;
}

/** What is measured. */
export interface Models {
  /** Random weights, of BERT-base unless told otherwise; the others have the weights and a stock export of them. */
  readonly network: ModelPair;
  /** The model that ships; the others have the same file. */
  readonly sample: ModelPair;
}

/** Folder of the sample model's current version. */
export function findSample(root: string): string {
  const store = join(root, 'models', 'sample');
  const { version } = JSON.parse(readFileSync(join(store, 'current.json'), 'utf8'));
  return join(store, 'versions', version);
}

/** The files of training/ that a Python file imports, and those that they import. */
function listImports(root: string, path: string, found = new Set<string>()): Set<string> {
  found.add(path);
  for (const [, name] of readFileSync(join(root, path), 'utf8').matchAll(/^(?:from|import) (\w+)/gm)) {
    const imported = join('training', `${name}.py`);
    if (!found.has(imported) && existsSync(join(root, imported))) listImports(root, imported, found);
  }
  return found;
}

/** By what decides what the made models are: code and versions of libraries. */
export function hashRecipe(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'training', 'requirements.txt')));
  for (const path of [...listImports(root, join('bench', 'peers', 'peer_models.py'))].sort()) {
    hash.update(readFileSync(join(root, path)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Half a gigabyte for each change of the recipe would soon be many. */
function removeOlder(models: string, shape: string): void {
  const older = readdirSync(models).filter((name) => name.startsWith(`${shape}-`) && !name.endsWith(`.${process.pid}`));
  for (const name of older) rmSync(join(models, name), { recursive: true, force: true });
}

async function provideNetwork({ root, cache, python }: Places, shape: string): Promise<ModelPair> {
  const folder = join(cache, 'models', `${shape}-${hashRecipe(root)}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    const tokenizer = join(findSample(root), 'tokenizer.json');
    const script = join(root, 'bench', 'peers', 'peer_models.py');
    rmSync(draft, { recursive: true, force: true });
    await runProgram(python, [script, draft, '--tokenizer', tokenizer, '--shape', shape], { cwd: root });
    removeOlder(join(cache, 'models'), shape);
    renameSync(draft, folder);
  }
  return { store: join(folder, 'store'), peer: join(folder, 'peer') };
}

/** What `@huggingface/transformers` wants to know of a model beside its graph. */
const sampleConfig = {
  model_type: 'bert',
  architectures: ['BertForSequenceClassification'],
  id2label: { 0: 'negative', 1: 'positive' },
  label2id: { negative: 0, positive: 1 },
};

function provideSample({ root, cache }: Places): ModelPair {
  const source = findSample(root);
  const peer = join(cache, 'models', `sample-${basename(source)}`);
  mkdirSync(join(peer, 'onnx'), { recursive: true });
  copyFileSync(join(source, 'model.onnx'), join(peer, 'onnx', 'model_quantized.onnx'));
  copyFileSync(join(source, 'tokenizer.json'), join(peer, 'tokenizer.json'));
  writeFileSync(join(peer, 'config.json'), JSON.stringify(sampleConfig));
  writeFileSync(
    join(peer, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'BertTokenizer', model_max_length: 512 }),
  );
  return { store: join(root, 'models', 'sample'), peer };
}

/**
 * Makes the network that is compared, of random weights, unless the same recipe has made it before, and puts the sample model
 * where the others can load it.
 *
 * @throws Error with what Python said.
 */
export async function provideModels(places: Places, shape: string): Promise<Models> {
  return { network: await provideNetwork(places, shape), sample: provideSample(places) };
}
