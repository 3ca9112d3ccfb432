// What an image is made of: its Dockerfile and the files that the Dockerfile copies, as far as .dockerignore lets them through.
// Their hash is the image's tag, so that an image that is in the repository already is neither built nor pushed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

const isGiven = (line) => line !== '' && !line.startsWith('#');
const escapeText = (text) => text.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&');

/** A line of .dockerignore as a regular expression. A pattern that matches a folder matches all that is in it. */
const patternOf = (line) => {
  const path = line.replace(/^!/, '').replace(/^\/|\/$/g, '');
  const expression = escapeText(path).replaceAll(/\*\*\/|\*\*|\*|\?/g, (wildcard) => {
    if (wildcard === '?') return '[^/]';
    if (wildcard === '*') return '[^/]*';
    return wildcard === '**/' ? '(?:.*/)?' : '.*';
  });
  return new RegExp(`^${expression}(?:/.*)?$`);
};

/** Reads .dockerignore as a function from a path to whether docker sees it. The last line that matches decides. */
function readFilter(root) {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const rules = lines.filter(isGiven).map((line) => ({ pattern: patternOf(line), sees: line.startsWith('!') }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.sees ?? true;
}

const listFiles = (root, path) => {
  const start = join(root, path);
  if (statSync(start).isFile()) return [posix.normalize(path)];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join(posix.sep),
    );
};

/** The paths of the project that a Dockerfile copies; what it copies from another stage is made of them. */
const listCopied = (dockerfile) =>
  [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)]
    .map(([, words]) => words.split(/\s+/))
    .filter((words) => !words.some((word) => word.startsWith('--from=')))
    .flatMap((words) => words.filter((word) => !word.startsWith('--')));

/** Lists the files that a Dockerfile copies from the project: sorted paths below `root`. */
export function listContent(root, dockerfile) {
  const copied = listCopied(readFileSync(join(root, dockerfile), 'utf8'));
  const files = new Set(copied.flatMap((path) => listFiles(root, path)));
  return [...files].filter(readFilter(root)).sort();
}

/** Hashes a Dockerfile, the files that it copies, which of them can be executed, and the platform: 16 hexadecimal digits. */
export function hashContent(root, dockerfile, platform) {
  const hash = createHash('sha256').update(platform);
  for (const path of [dockerfile, ...listContent(root, dockerfile)]) {
    const file = join(root, path);
    const bytes = readFileSync(file);
    const isExecutable = (statSync(file).mode & 0o100) !== 0;
    hash.update(`\0${path}\0${isExecutable}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}
