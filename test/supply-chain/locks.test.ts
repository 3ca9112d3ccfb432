// The lock files: each package that is installed from one has its version and its hashes there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPins, splitReference } from '../../supply-chain/shipped.mjs';

const read = (path: string) => readFileSync(path, 'utf8');
const folders = ['training', 'test/api', 'test/infra', 'supply-chain'];
const listFiles = (pattern: RegExp) =>
  folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name)),
  );
const locks = listFiles(/\.lock$/);
const requirements = listFiles(/^requirements.*\.txt$/);

/** A requirements or lock file with those that it includes. */
function readAll(path: string): string {
  const text = read(path);
  const included = [...text.matchAll(/^-r (\S+)$/gm)].map(([, name = '']) => join(dirname(path), name));
  return [...included.map(readAll), text].join('\n');
}

const pinsOf = (path: string) => readPins(readAll(path)).map(({ name, version }) => `${name}==${version}`);

describe('the lock files of Python packages', () => {
  it.each(requirements)('%s has one, which pins its packages at the same versions', (path) => {
    const wanted = [...readAll(path).matchAll(/^[\w.-]+(?:\[[\w,]+\])?==\S+$/gm)].map(([line]) =>
      splitReference(line).join('=='),
    );
    expect(wanted).not.toEqual([]);
    const lock = path.replace(/txt$/, 'lock');
    expect(existsSync(lock)).toBe(true);
    // PyTorch is in a file of its own for each kind of machine.
    const pinned = [
      ...pinsOf(lock),
      ...pinsOf('training/requirements-cuda.lock').filter((pin) => pin.startsWith('torch==')),
    ];
    expect(wanted.filter((pin) => !pinned.includes(pin))).toEqual([]);
  });

  it.each(locks)(
    '%s has hashes for every package, asks pip to check them, and takes no package that runs code to be built',
    (path) => {
      const text = read(path);
      const lines = text.split('\n').filter((line) => !/^(#|$| {4}--hash=sha256:\w{64}( \\)?$)/.test(line));
      expect(lines.slice(0, 2)).toEqual(['--require-hashes', '--only-binary :all:']);
      const others = lines.slice(2).filter((line) => line !== '-r requirements.lock');
      const pins = readPins(text);
      expect(others.map((line) => line.replace(/ \\$/, ''))).toEqual(pins.map(({ requirement }) => requirement));
      expect(pins.filter(({ hashes }) => hashes.length === 0)).toEqual([]);
    },
  );

  it('have the PyTorch of requirements.txt for CPUs and for CUDA', () => {
    const wanted = /^torch==(\S+)$/m.exec(read('training/requirements.txt'))?.[1];
    for (const name of ['cpu', 'cuda'])
      expect(readPins(read(`training/requirements-${name}.lock`)).find((pin) => pin.name === 'torch')?.version).toBe(
        wanted,
      );
  });
});

it.each(['Dockerfile.train', 'Dockerfile.lambda'])('%s installs Python packages by their hashes alone', (path) => {
  const steps = read(path)
    .replaceAll(/ \\\n */g, ' ')
    .split(/\n| && /);
  const installing = steps.filter((step) => /\bpip (install|download)\b/.test(step));
  expect(installing).not.toEqual([]);
  expect(
    installing.filter((step) => !/--requirement \S+\.lock\b|--requirement "\/opt\/\$LOCK"|--require-hashes/.test(step)),
  ).toEqual([]);
});

describe.each(['package-lock.json', 'bench/package-lock.json'])('%s', (path) => {
  const entries: [string, { integrity?: string; resolved?: string; link?: boolean }][] = Object.entries(
    JSON.parse(read(path)).packages,
  );

  it('has a hash for every package', () => {
    expect(entries.length).toBeGreaterThan(50);
    expect(
      entries.filter(([name, { integrity }]) => name !== '' && !/^sha512-[\w+/=]{88}$/.test(String(integrity))),
    ).toEqual([]);
  });

  it('names no place to fetch a package from: the registry of the machine is asked', () => {
    expect(entries.filter(([, { resolved, link }]) => resolved !== undefined || link)).toEqual([]);
  });
});
