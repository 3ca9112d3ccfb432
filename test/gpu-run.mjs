// `npm run test:gpu-run` tries all of bench/training/gpu.py but its timed epochs on the CPU, with the PyTorch of a GPU machine
// (bench/training/gpu-requirements.txt: 3 GB to download). pytest does the same with the pinned PyTorch.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './python.mjs';

const bench = join(import.meta.dirname, '..', 'bench', 'training');
const environment = join(import.meta.dirname, '..', '.cache', 'gpu-run');
const out = mkdtempSync(join(tmpdir(), 'gpu-run-'));
const small = '--device cpu --shape tiny --rows 16 --blocks 1 --max-len 48 --threads 1 --batches 8 --seconds 900';
const parts = 'profile,kernels,equality,memory,interruptions,tests';

prepare(environment, [join(bench, 'gpu-requirements.txt')]);
const { status } = spawnSync(
  join(environment, 'bin', 'python'),
  [join(bench, 'gpu.py'), '--out', out, '--only', parts, ...small.split(' ')],
  { stdio: 'inherit' },
);
if (status !== 0) spawnSync('cat', [join(out, 'gpu.log')], { stdio: 'inherit' });
rmSync(out, { recursive: true });
process.exit(status ?? 1);
