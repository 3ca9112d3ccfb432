import { spawn } from 'node:child_process';
import { once } from 'node:events';

interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 *
 * @throws Error with the last of what it printed, if it fails.
 */
export async function runProgram(file: string, args: readonly string[], { cwd, env }: ProgramOptions): Promise<void> {
  const child = spawn(file, [...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-4000);
    });
  }
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed:\n${output}`);
}
