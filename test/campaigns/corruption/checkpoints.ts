// Damages checkpoints of training: checkpoints.py does it, with the Python of training.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Context, Outcome } from '../campaign.ts';
import { openBucket } from './stores.ts';

/** A line that checkpoints.py prints. */
type Line = { readonly advance: number } | Pick<Outcome, 'outcomes' | 'findings'>;

const sum = (outcomes: Outcome['outcomes']) => Object.values(outcomes).reduce((total, cases) => total + cases, 0);

/** Runs checkpoints.py on a folder and on a bucket of the S3 server. */
export async function damageCheckpoints(context: Context, endpoint: string): Promise<Outcome> {
  const root = join(context.dist, '..');
  const folder = join(context.folder, 'checkpoints');
  await mkdir(folder);
  const { bucket } = await openBucket(endpoint);
  const script = join(root, 'test', 'campaigns', 'corruption', 'checkpoints.py');
  const where = ['--folder', folder, '--bucket', bucket];
  const cases = ['--count', String(context.count), '--seed', String(context.seed)];
  const child = spawn(join(root, '.venv', 'bin', 'python'), [script, ...where, ...cases], {
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint, OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => child.kill();
  context.signal.addEventListener('abort', stop);
  const closed = once(child, 'close');
  const complaint = text(child.stderr);
  let result: Pick<Outcome, 'outcomes' | 'findings'> = { outcomes: {}, findings: [] };
  for await (const line of createInterface(child.stdout)) {
    const told: Line = JSON.parse(line);
    if ('advance' in told) context.advance(told.advance);
    else result = told;
  }
  await closed;
  context.signal.removeEventListener('abort', stop);
  const crashed = child.exitCode !== 0 && !context.signal.aborted;
  const crash = `--seed ${context.seed}: checkpoints.py ended early: ${(await complaint).slice(-500)}`;
  return { ...result, count: sum(result.outcomes), findings: [...result.findings, ...(crashed ? [crash] : [])] };
}
