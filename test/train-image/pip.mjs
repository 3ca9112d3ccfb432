// Hands this machine's pip settings, and the files that they name, to the build of the image.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute } from '../containers/tools.mjs';
import { binaries } from '../python.mjs';

// The image's own pip decides these.
const own = new Set(['user', 'target', 'prefix', 'python', 'cache-dir', 'require-virtualenv']);

/** Reads the settings by name from files and environment. The environment wins. Spaces separate a setting's words. */
function readSettings() {
  const configuration = execute(join(binaries, 'python'), ['-m', 'pip', 'config', 'list']);
  const lines = [...configuration.matchAll(/^(:env:|global|user|site|install)\.([\w-]+)='(.*)'$/gm)];
  const sorted = lines.sort(([, a], [, b]) => Number(a === ':env:') - Number(b === ':env:'));
  const entries = sorted.map(([, , name, value]) => [name, value.replaceAll(/\s+|\\n/g, ' ').trim()]);
  return new Map(entries.filter(([name]) => !own.has(name)));
}

/** Lists the paths of this machine that a setting names, also as file: URLs. An index's pages may name files beside it. */
const listPaths = ([name, value]) =>
  value
    .split(' ')
    .map((word) => (word.startsWith('file:') ? fileURLToPath(word) : word))
    .filter((word) => word.startsWith('/') && existsSync(word))
    .map((path) => (name.endsWith('index-url') ? dirname(path) : path));

/**
 * Writes pip's settings into `folder`.
 *
 * @returns `--volume` flags for a build: the settings as /etc/pip.conf and what they name, all read-only.
 */
export function sharePip(folder) {
  const { cert, ...others } = Object.fromEntries(readSettings());
  // At a path of its own: the package ca-certificates writes to the usual one while the image is built.
  const certificates = '/etc/pip-certificates.crt';
  const settings = Object.entries(cert ? { ...others, cert: certificates } : others);
  const file = join(folder, 'pip.conf');
  const lines = settings.map(([name, value]) => `${name} = ${value.replaceAll(' ', '\n  ')}`);
  writeFileSync(file, `[global]\n${lines.join('\n')}\n`);
  const paths = new Set(Object.entries(others).flatMap(listPaths));
  const mounts = [`${file}:/etc/pip.conf`, ...[...paths].map((path) => `${path}:${path}`)];
  if (cert) mounts.push(`${cert}:${certificates}`);
  return mounts.flatMap((mount) => ['--volume', `${mount}:ro`]);
}
