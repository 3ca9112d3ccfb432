import { type ChildProcess, spawn } from 'node:child_process';
import { buildCommands } from '../local/built-commands.ts';

/** The built service with the sample model. */
export interface Service {
  readonly address: string;
  stop(): void;
}

/** Builds the project and starts `npm start`'s server on a free port. Resolves when it has its model. */
export async function startService(...args: string[]): Promise<Service> {
  const built = buildCommands();
  const child = spawn(process.execPath, [built.path('local/serve.mjs'), '--port', '0', ...args], {
    env: { ...process.env, MODEL_URI: 'file:models/sample' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = () => {
    child.kill('SIGKILL');
    built.remove();
  };
  return { address: await findAddress(child), stop };
}

async function findAddress({ stderr }: ChildProcess): Promise<string> {
  let output = '';
  for await (const data of stderr ?? []) {
    output += data;
    const [, port] = /http:\/\/[^:]+:(\d+)/.exec(output) ?? [];
    if (port && output.includes('Ready')) return `http://127.0.0.1:${port}`;
    if (output.includes('No model yet')) break;
  }
  throw new Error(`The server has no model: ${output}`);
}
