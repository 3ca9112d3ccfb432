import { join } from 'node:path';
import { createWorkerEnvironment } from '../local/worker-process.ts';
import type { Bench, Contender } from './bench.ts';
import type { Command } from './processes.ts';

/** Those of a run. A quick one leaves out what takes long and is far behind. */
export function chooseContenders(all: readonly Contender[], quick: boolean): readonly Contender[] {
  if (!quick) return all;
  const stay = all.filter((contender) => contender.quick !== false);
  return stay.map(({ service, ...rest }) => (service && service.quick !== false ? { ...rest, service } : rest));
}

type ModelPair = Bench['models']['network'];
const isPython = (kind: Contender['kind']) => kind !== 'this-project' && kind !== 'transformers-js';

/** The file that a Node process imports to use `@huggingface/transformers`. */
export const findTransformersJs = (root: string) =>
  join(root, 'bench', 'node_modules', '@huggingface', 'transformers', 'dist', 'transformers.node.mjs');

/** An engine of bench/engine.ts; this project's runs as a worker of `npm start` does. With a port and a number of processes in `rest` it is a service. */
function commandNode({ paths: { root, built } }: Bench, kind: string, models: ModelPair, rest: unknown[]): Command {
  const own = [join(root, 'dist', 'layers', 'inference', 'index.mjs'), models.store];
  const model = kind === 'this-project' ? own : [findTransformersJs(root), models.peer];
  const args = [join(built, 'engine.mjs'), kind, ...model, ...rest.map(String)];
  const env = kind === 'this-project' ? createWorkerEnvironment({}) : { ORT_DISABLE_TELEMETRY: '1' };
  return { file: process.execPath, args, env };
}

/** Progress bars and advice of Python's libraries are off. */
const createPythonEnvironment = ({ packages: { shim } }: Bench, { fastMkl }: Contender) => ({
  TRANSFORMERS_VERBOSITY: 'error',
  HF_HUB_OFFLINE: '1',
  ...(fastMkl && shim && { LD_PRELOAD: shim }),
});

/** The engines of a contender, one for each of its settings. */
export function listEngines(bench: Bench, contender: Contender, models: ModelPair, threads: number): Command[] {
  const { kind, settings } = contender;
  if (!isPython(kind)) return [commandNode(bench, kind, models, [threads])];
  const script = join(bench.paths.root, 'bench', 'peers', 'engine.py');
  const args = [script, '--kind', kind, '--model', models.peer, '--threads', String(threads)];
  const env = createPythonEnvironment(bench, contender);
  return settings.map((flags) => ({ file: bench.paths.python, args: [...args, ...flags], env }));
}

/** `npm start` as it is built, with one thread for each worker. */
export function commandServer({ paths, models }: Bench, port: number, workers: number): Command {
  const options = ['--port', String(port), '--workers', String(workers)];
  return commandBuilt(join(paths.root, 'dist'), models.network.store, options);
}

/** The `npm start` of a folder that was built, here or of another version, with one thread for each worker. */
export function commandBuilt(folder: string, store: string, options: readonly string[]): Command {
  const env = { MODEL_URI: `file:${store}`, MODEL_THREADS: '1', ORT_DISABLE_TELEMETRY: '1', LOG_LEVEL: 'info' };
  return { file: process.execPath, args: [join(folder, 'local', 'serve.mjs'), ...options], env };
}

/** A contender behind HTTP. Python's engines run behind gunicorn. */
export function commandService(bench: Bench, contender: Contender, port: number, processes: number): Command {
  const { kind, service } = contender;
  const { network } = bench.models;
  if (kind === 'this-project') return commandServer(bench, port, processes);
  if (kind === 'transformers-js') return commandNode(bench, kind, network, [1, port, processes]);
  const options = ['--kind', kind, '--model', network.peer, ...(service?.flags ?? [])];
  const location = ['--chdir', join(bench.paths.root, 'bench', 'peers'), '--bind', `127.0.0.1:${port}`];
  // A review in an address is longer than gunicorn takes by default, and 16 clients may wait longer than it allows.
  const limits = ['--limit-request-line', '0', '--timeout', '300', '--log-level', 'warning'];
  return {
    file: bench.paths.python,
    args: ['-m', 'gunicorn', ...location, '--workers', String(processes), ...limits, 'engine:create_app()'],
    env: {
      ...createPythonEnvironment(bench, contender),
      PYTHONPATH: bench.packages.pythonPath,
      PEER_OPTIONS: JSON.stringify(options),
    },
  };
}
