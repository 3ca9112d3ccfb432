import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { buildCommands } from './built-commands.ts';

/** The built server of `npm start` on a port of this machine, with the sample model. */
export interface BuiltService {
  readonly address: string;
  stop(): void;
}

interface BuiltServiceOptions {
  /** Further words of its command line. */
  readonly words?: readonly string[];
  /** Folder of its models. */
  readonly store?: string;
}

/** Builds the project and starts `npm start`'s server. Resolves when it has its model, or none if the store does not exist. */
export async function startBuiltService(options: BuiltServiceOptions = {}): Promise<BuiltService> {
  const { words = [], store = 'models/sample' } = options;
  const built = buildCommands();
  const child = spawn(process.execPath, [built.path('local/serve.mjs'), '--port', '0', ...words], {
    env: { ...process.env, MODEL_URI: pathToFileURL(store).href },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = () => child.kill('SIGKILL');
  const address = await findAddress(child, existsSync(store) ? /^Ready/m : /^No model yet/m);
  return { address, stop };
}

/** Reads the address from what the server says until it is as expected. */
function findAddress(child: ChildProcess, expected: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr?.on('data', (data) => {
      output += data;
      const [, port] = /http:\/\/[^:]+:(\d+)/.exec(output) ?? [];
      if (port && expected.test(output)) resolve(`http://127.0.0.1:${port}`);
      else if (/^(Ready|No model yet)/m.test(output)) reject(new Error(`The server is in another state: ${output}`));
    });
    child.once('exit', () => reject(new Error(`The server ended: ${output}`)));
  });
}
