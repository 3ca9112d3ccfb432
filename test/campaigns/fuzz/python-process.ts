// A Python program of this folder that answers lines of JSON, each by a line of JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A running program. */
export interface PythonProcess {
  /** Asks a question; answers come in the order of the questions. Rejects if the program ends. */
  ask(question: unknown): Promise<unknown>;
  close(): void;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a program in the project's Python environment, where it can import what training does. */
export function startPython(root: string, script: string, ...words: readonly string[]): PythonProcess {
  const path = join(root, 'test', 'campaigns', 'fuzz', script);
  const python = spawn(join(root, '.venv', 'bin', 'python'), [path, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: join(root, 'training'), TOKENIZERS_PARALLELISM: 'false' },
  });
  const waiting: Waiting[] = [];
  createInterface({ input: python.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  once(python, 'exit').then(([code]) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${script} ended with status ${code}.`));
  });
  // The end of the program says more.
  python.stdin.on('error', () => undefined);
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        python.stdin.write(`${JSON.stringify(question)}\n`);
      }),
    close: () => void python.kill(),
  };
}
