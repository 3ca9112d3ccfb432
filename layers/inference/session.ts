import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { asInferenceError, InferenceError } from './errors.ts';
import { readGraph } from './model-graph.ts';
import type { Device } from './types.ts';

type Runtime = typeof import('onnxruntime-node');

/** A model in memory: token ids in, logits out. */
export interface Session {
  /** Runs one sequence of ids, shape [length], and returns its logits, shape [labels]. */
  run(ids: readonly number[]): Promise<number[]>;
  /** Runs sequences of one length, shape [texts, length], and returns the logits of each. */
  runBatch(rows: readonly (readonly number[])[]): Promise<number[][]>;
  release(): Promise<void>;
}

const require = createRequire(import.meta.url);

/**
 * Loads ONNX Runtime's native code (15–60 ms). Calling it ahead of the first model is optional; it then overlaps the
 * download. It is no static import because the telemetry of releases ≥ 1.29 must be off before the package is loaded,
 * and a bundler lifts static imports above every statement. In a worker thread this is too late: there the environment
 * of the process must have the variable. A dynamic import would read the package's text for its exports first (10 ms).
 */
export async function loadRuntime(): Promise<Runtime> {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  return require('onnxruntime-node');
}

/** A graph of one node that negates a number. */
export const smallestModel = Buffer.from(
  'CAg6MgoLCgF4EgF5IgNOZWcSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAR',
  'base64',
);

/** How a session runs. */
export interface SessionOptions {
  /** Threads of one run; on Lambda one per 1,769 MB of memory. */
  readonly threads: number;
  /** `cpu` if undefined. */
  readonly device?: Device | undefined;
}

/** The options of a session. The graph refers to the model's file in `folder` for its weights. */
function describeSession(folder: string, { threads, device }: SessionOptions): InferenceSession.SessionOptions {
  // Threads that wait for each other inside a run spin: waking them a hundred times takes a fifth of a short run. They
  // must stop with the run, or they spin for 30 ms more. That takes processor time from what comes next, and Lambda
  // bills it.
  const session = { force_spinning_stop: '1', model_external_initializers_file_folder_path: folder };
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The graph was optimized when it was exported. Optimizing it again would only lengthen the cold start. A GPU has
    // kernels of its own, which the fp16 graph is fused for here.
    ...(device === 'cuda'
      ? { executionProviders: ['cuda', 'cpu'], graphOptimizationLevel: 'all' }
      : { graphOptimizationLevel: 'disabled' }),
    // Failures arrive as exceptions. Without this the runtime prints them to stderr too.
    logSeverityLevel: 4,
    extra: { session },
  };
}

/** Opens a model whose weights stay in the file: a buffer with them would double the peak memory. */
async function openModel(runtime: Runtime, path: string, options: SessionOptions): Promise<InferenceSession> {
  try {
    // ONNX Runtime refuses weights that a link outside the folder leads to, hence the real path.
    const file = realpathSync(path);
    return await runtime.InferenceSession.create(readGraph(file), describeSession(dirname(file), options));
  } catch (error) {
    throw asInferenceError(`cannot load the model ${path}`, error);
  }
}

function checkNames({ inputNames, outputNames }: InferenceSession, path: string): void {
  const unknown = inputNames.filter((name) => !['input_ids', 'attention_mask', 'token_type_ids'].includes(name));
  if (unknown.length > 0) throw new InferenceError(`${path} asks for ${unknown.join(', ')}, which is no input of BERT`);
  if (!inputNames.includes('input_ids')) throw new InferenceError(`${path} has no input input_ids`);
  if (!outputNames.includes('logits')) throw new InferenceError(`${path} has no output logits`);
}

/** Token ids as int64. Their lower halves are written: `BigInt64Array.from` makes a BigInt of each id first. */
function toInt64(ids: readonly number[]): BigInt64Array {
  const values = new BigInt64Array(ids.length);
  // Little-endian, as every processor that ONNX Runtime has a package for.
  const halves = new Int32Array(values.buffer);
  for (const [index, id] of ids.entries()) halves[2 * index] = id;
  return values;
}

/** One int64 tensor [texts, length] per input that the model names. `ids` has the rows one after the other. */
function createFeeds({ Tensor }: Runtime, inputNames: readonly string[], ids: readonly number[], texts = 1) {
  const values = {
    input_ids: () => toInt64(ids),
    attention_mask: () => new BigInt64Array(ids.length).fill(1n),
    token_type_ids: () => new BigInt64Array(ids.length),
  };
  const feeds: Record<string, Tensor> = {};
  for (const [name, create] of Object.entries(values)) {
    if (inputNames.includes(name)) feeds[name] = new Tensor('int64', create(), [texts, ids.length / texts]);
  }
  return feeds;
}

function readLogits(logits: Tensor | undefined): number[] {
  if (logits?.data instanceof Float32Array) return Array.from(logits.data);
  throw new InferenceError(`logits are ${logits?.type ?? 'missing'}, not float32`);
}

/**
 * Opens an ONNX model with int64 inputs [batch, length] and a float32 output `logits` [batch, labels].
 *
 * @throws InferenceError if the file is missing, damaged or not such a model.
 */
export async function openSession(path: string, options: SessionOptions): Promise<Session> {
  const runtime = await loadRuntime();
  const session = await openModel(runtime, path, options);
  checkNames(session, path);
  return {
    run: async (ids) => {
      const outputs = await session.run(createFeeds(runtime, session.inputNames, ids), ['logits']);
      return readLogits(outputs.logits);
    },
    runBatch: async (rows) => {
      const feeds = createFeeds(runtime, session.inputNames, rows.flat(), rows.length);
      const logits = readLogits((await session.run(feeds, ['logits'])).logits);
      const labels = logits.length / rows.length;
      return rows.map((_, index) => logits.slice(index * labels, (index + 1) * labels));
    },
    release: () => session.release(),
  };
}
