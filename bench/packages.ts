import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Places } from './places.ts';
import { runProgram } from './program.ts';

/** What only the benchmark needs, and neither the product nor its tests. */
export interface Packages {
  /** Python's path to Flask and gunicorn. */
  readonly pythonPath: string;
  /** A library that lets MKL be fast on AMD; undefined where it cannot be built or is not needed. */
  readonly shim: string | undefined;
}

/** Does the work unless it was done with the same text before. */
async function once(stamp: string, text: string, work: () => Promise<void>): Promise<void> {
  const hash = createHash('sha256').update(text).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

async function installNode({ root }: Places): Promise<void> {
  const bench = join(root, 'bench');
  const lock = readFileSync(join(bench, 'package-lock.json'), 'utf8');
  await once(join(bench, 'node_modules', '.lock.sha256'), lock, async () => {
    // The variable says the same as .npmrc there: the CPU needs nothing of what the install script downloads.
    await runProgram('npm', ['ci', '--prefix', bench], { cwd: bench, env: { ONNXRUNTIME_NODE_INSTALL: 'skip' } });
  });
}

async function installPython({ root, cache, python }: Places): Promise<string> {
  const requirements = join(root, 'bench', 'requirements.txt');
  const target = join(cache, 'python');
  await once(join(target, '.sha256'), readFileSync(requirements, 'utf8'), async () => {
    const flags = ['--quiet', '--disable-pip-version-check', '--upgrade', '--target', target];
    await runProgram(python, ['-m', 'pip', 'install', ...flags, '-r', requirements], { cwd: root });
  });
  return target;
}

/** Without a compiler there is no shim, and PyTorch on AMD stays as slow as it comes. */
async function buildShim({ root, cache }: Places): Promise<string | undefined> {
  const source = join(root, 'bench', 'peers', 'mkl_on_amd.c');
  const shim = join(cache, 'mkl_on_amd.so');
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    await runProgram('cc', ['-shared', '-fPIC', '-O2', '-o', shim, source], { cwd: root });
    return shim;
  } catch {
    return undefined;
  }
}

/** Installs what is missing; the first run takes a minute or two. */
export async function providePackages(places: Places): Promise<Packages> {
  mkdirSync(places.cache, { recursive: true });
  await installNode(places);
  return { pythonPath: await installPython(places), shim: await buildShim(places) };
}
