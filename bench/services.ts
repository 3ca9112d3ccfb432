import { join } from 'node:path';
import { own, type Setting } from './contenders.ts';
import type { Command } from './engine-process.ts';
import { ownName } from './results.ts';

/** A contender behind HTTP. */
export interface ServiceContender {
  readonly key: string;
  readonly name: string;
  /** Processes that answer. */
  readonly processes: number;
  command(port: number): Command;
}

interface Gunicorn {
  readonly workers: number;
  /** Arguments of bench/peers/engine.py. */
  readonly options: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function createGunicorn({ places, packages }: Setting, { workers, options, env }: Gunicorn) {
  return (port: number): Command => ({
    file: places.python,
    args: [
      ...['-m', 'gunicorn', '--chdir', join(places.root, 'bench', 'peers')],
      ...['--workers', String(workers), '--bind', `127.0.0.1:${port}`],
      // A review in an address is longer than gunicorn takes by default, and 16 clients may wait longer than it allows.
      ...['--limit-request-line', '0', '--timeout', '300', '--log-level', 'warning'],
      'engine:create_app()',
    ],
    env: {
      PYTHONPATH: packages.pythonPath,
      PEER_OPTIONS: JSON.stringify(options),
      TRANSFORMERS_VERBOSITY: 'error',
      HF_HUB_OFFLINE: '1',
      ...env,
    },
  });
}

/** `npm start` as it is built, with one thread for each worker. */
export function commandServer({ places, models }: Pick<Setting, 'places' | 'models'>, flags: readonly string[]) {
  return (port: number): Command => ({
    file: process.execPath,
    args: [join(places.root, 'dist', 'local', 'serve.mjs'), '--port', String(port), ...flags],
    env: { MODEL_URI: `file:${models.store}`, MODEL_THREADS: '1', ORT_DISABLE_TELEMETRY: '1', LOG_LEVEL: 'info' },
  });
}

/** Everybody who can serve, this project first. One thread in each of as many processes as there are threads is best for many clients. */
export function listServices(setting: Setting): ServiceContender[] {
  const { places, models, packages, threads } = setting;
  const fast: Record<string, string> = packages.shim ? { LD_PRELOAD: packages.shim } : {};
  const model = ['--model', models.peer];
  const single = [...model, '--threads', '1'];
  const python = (options: readonly string[], workers: number, env?: Readonly<Record<string, string>>) =>
    createGunicorn(setting, { workers, options, ...(env && { env }) });
  const script = join(places.built, 'engines', 'transformers-js-service.mjs');
  return [
    { key: own, name: ownName, processes: threads, command: commandServer(setting, ['--workers', String(threads)]) },
    {
      key: 'tutorial',
      name: 'tutorial service',
      processes: 4,
      command: python(['--kind', 'torch', '--padded', ...model], 4),
    },
    {
      key: 'pytorch',
      name: 'PyTorch, tuned, unpadded',
      processes: threads,
      command: python(['--kind', 'torch', '--precision', 'bf16', ...single], threads, fast),
    },
    {
      key: 'transformers-js',
      name: 'transformers.js, q8',
      processes: threads,
      command: (port) => ({
        file: process.execPath,
        args: [script, String(port), String(threads), join(places.root, 'bench'), models.peer, '1'],
        env: { ORT_DISABLE_TELEMETRY: '1' },
      }),
    },
    {
      key: 'onnxruntime',
      name: "Python's ONNX Runtime, int8",
      processes: threads,
      command: python(['--kind', 'onnxruntime', '--graph', 'onnx/model_quantized.onnx', ...single], threads),
    },
  ];
}
