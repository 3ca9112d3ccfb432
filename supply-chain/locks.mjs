// `npm run locks` writes the lock files of Python's packages anew: each package that pip installs, also those that others need, with its
// version and its hashes (decision 0087). Run it after a change of one of the requirements.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../test/python.mjs';

const root = join(import.meta.dirname, '..');
const environment = join(root, '.cache', 'supply-chain');
const oldestPython = '3.11';

/** Sums of the builds of PyTorch for CPUs, which the Python index does not have. */
const cpuWheels = 'training/torch-cpu.sha256';
const isTorch = (entry) => entry.startsWith('torch==');
/** PyTorch of the Python index, and what it needs on Linux, where it is for CUDA. */
const isForCuda = (entry) => isTorch(entry) || /^(nvidia-|cuda-|triton==)/.test(entry);

const header = (source) => `# Made by \`npm run locks\` from ${source}. Do not edit.
--require-hashes
--only-binary :all:
`;

/** Resolves the requirements of a file for every platform and Python, and returns an entry per package, its hashes included. */
function resolve(source, constraints) {
  const words = ['pip', 'compile', '--universal', '--python-version', oldestPython, '--generate-hashes', '--quiet'];
  const shape = ['--no-header', '--no-annotate', '--no-strip-extras', '--system-certs', '--only-binary', ':all:'];
  const limits = constraints ? ['--constraints', constraints] : [];
  const command = join(environment, 'bin', 'uv');
  const run = spawnSync(command, [...words, ...shape, ...limits, source], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${source} cannot be resolved:\n${run.error?.message ?? run.stderr}`);
  return run.stdout.trim().split(/\n(?=\S)/);
}

/** The entry of PyTorch with the hashes of the builds for CPUs alone: of two builds that may be taken, pip takes that of the index. */
function describeCpuTorch(entry) {
  const [torch, version] = /^torch==([^\s;]+)/.exec(entry);
  const lines = readFileSync(join(root, cpuWheels), 'utf8').trim().split('\n');
  if (lines.some((line) => !line.includes(`  torch-${version}+cpu-`)))
    throw new Error(
      `${cpuWheels} lists the builds of another version than ${version}: put the sums of that version there.`,
    );
  return [torch, ...lines.map((line) => `    --hash=sha256:${line.split(' ')[0]}`)].join(' \\\n');
}

const write = (path, source, entries, includes = '') =>
  writeFileSync(join(root, path), `${header(source)}${includes}${entries.join('\n')}\n`);

prepare(environment, [join(import.meta.dirname, 'requirements.lock')]);
const all = resolve('training/requirements.txt');
const common = all.filter((entry) => !isForCuda(entry));
write('training/requirements.lock', 'training/requirements.txt', common);
const includes = '-r requirements.lock\n';
write('training/requirements-cuda.lock', 'training/requirements.txt', all.filter(isForCuda), includes);
write('training/requirements-cpu.lock', cpuWheels, [describeCpuTorch(all.find(isTorch))], includes);

const constraints = join(root, 'training', 'requirements.lock');
const more = resolve('training/requirements-dev.txt', constraints).filter(
  (entry) => !isForCuda(entry) && !common.includes(entry),
);
write('training/requirements-dev.lock', 'training/requirements-dev.txt', more, includes);

for (const source of [
  'training/requirements-sbom.txt',
  'test/api/requirements.txt',
  'test/infra/requirements.txt',
  'supply-chain/requirements.txt',
])
  write(source.replace(/txt$/, 'lock'), source, resolve(source));
