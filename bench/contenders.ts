import { join } from 'node:path';
import type { Command } from './engine-process.ts';
import type { ModelPair } from './models.ts';
import type { Packages } from './packages.ts';
import type { Places } from './places.ts';
import { ownName } from './results.ts';

/** One way to classify the same texts with the same network. */
export interface Contender {
  readonly key: string;
  /** As it stands in the tables. */
  readonly name: string;
  /** Every text takes as long as the longest: it need not be measured at every length. */
  readonly padded?: boolean;
  /** It gives no answers that could be right or wrong. */
  readonly speechless?: boolean;
  /** Settings of which the fastest on this machine is taken. */
  readonly variants: readonly Command[];
}

/** What contenders are made of. */
export interface Setting {
  readonly places: Places;
  readonly models: ModelPair;
  readonly packages: Packages;
  readonly threads: number;
}

interface PythonOptions {
  /** The folder. */
  readonly model: string;
  readonly threads: number;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The key of this project's own rows. */
export const own = 'this-project';

/** An engine of bench/peers on a model folder. */
export function commandPython(
  places: Places,
  kind: string,
  { model, threads, flags = [], env }: PythonOptions,
): Command {
  const script = join(places.root, 'bench', 'peers', 'engine.py');
  return {
    file: places.python,
    args: [script, '--kind', kind, '--model', model, '--threads', String(threads), ...flags],
    // Progress bars and advice would go to a log that nobody reads.
    env: { TRANSFORMERS_VERBOSITY: 'error', HF_HUB_OFFLINE: '1', ...env },
  };
}

/** Python's ONNX Runtime on a model folder, with threads that spin between two runs and with threads that do not. */
export function commandsRuntime(places: Places, model: string, threads: number): Command[] {
  const graph = ['--graph', 'onnx/model_quantized.onnx'];
  return [[...graph, '--spinning'], graph].map((flags) =>
    commandPython(places, 'onnxruntime', { model, threads, flags }),
  );
}

/** This project's engine on a model store. */
export function commandThisProject(places: Places, store: string, threads: number): Command {
  const bundle = join(places.root, 'dist', 'layers', 'inference', 'index.mjs');
  const script = join(places.built, 'engines', 'this-project.mjs');
  return {
    file: process.execPath,
    args: [script, bundle, store, String(threads)],
    env: { ORT_DISABLE_TELEMETRY: '1' },
  };
}

/** `@huggingface/transformers` on a folder in its layout. */
export function commandTransformersJs(places: Places, folder: string, threads: number): Command {
  const script = join(places.built, 'engines', 'transformers-js.mjs');
  const args = [script, join(places.root, 'bench'), folder, String(threads)];
  return { file: process.execPath, args, env: { ORT_DISABLE_TELEMETRY: '1' } };
}

/** Everybody, this project first. */
export function listContenders({ places, models, packages, threads }: Setting): Contender[] {
  const fast: Record<string, string> = packages.shim ? { LD_PRELOAD: packages.shim } : {};
  const python = (kind: string, flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    commandPython(places, kind, { model: models.peer, threads, flags, env });
  return [
    { key: own, name: ownName, variants: [commandThisProject(places, models.store, threads)] },
    { key: 'tutorial', name: 'tutorial service', padded: true, variants: [python('torch', ['--padded'])] },
    {
      key: 'tutorial-mkl',
      name: 'tutorial service, MKL made fast',
      padded: true,
      variants: [python('torch', ['--padded'], fast)],
    },
    {
      key: 'pytorch',
      name: 'PyTorch, tuned, unpadded',
      variants: [python('torch', [], fast), python('torch', ['--precision', 'bf16'], fast)],
    },
    {
      key: 'transformers-js',
      name: 'transformers.js, q8',
      variants: [commandTransformersJs(places, models.peer, threads)],
    },
    {
      key: 'onnxruntime',
      name: "Python's ONNX Runtime, int8",
      variants: commandsRuntime(places, models.peer, threads),
    },
    {
      key: 'floor',
      name: 'matrix products alone',
      speechless: true,
      variants: ['onednn', 'fbgemm'].map((backend) => python('floor', ['--backend', backend], fast)),
    },
  ];
}
