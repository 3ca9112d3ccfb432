import { type ChildProcess, spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { buildCommands } from './built-commands.ts';

/** The built server of `npm start` on a port of this machine, with the sample model. */
export interface BuiltService {
  readonly address: string;
  stop(): void;
}

/** Builds the project and starts `npm start`'s server. Resolves when it has its model. */
export async function startBuiltService(): Promise<BuiltService> {
  const built = buildCommands();
  const child = spawn(process.execPath, [built.path('local/serve.mjs'), '--port', '0'], {
    env: { ...process.env, MODEL_URI: pathToFileURL('models/sample').href },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = () => {
    child.kill('SIGKILL');
    built.remove();
  };
  const address = await findAddress(child);
  return { address, stop };
}

/** Reads the address from what the server says when it has its model. */
function findAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr?.on('data', (data) => {
      output += data;
      const [, port] = /http:\/\/[^:]+:(\d+)/.exec(output) ?? [];
      if (port && output.includes('Ready')) resolve(`http://127.0.0.1:${port}`);
      if (output.includes('No model yet')) reject(new Error(`The server has no model: ${output}`));
    });
    child.once('exit', () => reject(new Error(`The server ended: ${output}`)));
  });
}
