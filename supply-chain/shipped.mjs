// What ships by the committed files: the lock files of the training image and the table of licences.

/** Where the licences are listed. */
export const licencesFile = 'docs/licences.md';

/** The lock files of the training image. */
export const pythonLocks = ['training/requirements.lock', 'training/requirements-cuda.lock'];

/** A package's name as Python's packages compare them (PEP 503), and the version of `name==version`. */
export function splitReference(reference) {
  const [name, version = ''] = reference.replace(/\[.*\]/, '').split('==');
  return [name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version];
}

/**
 * Reads a lock file's entries.
 *
 * @returns {{ name: string, version: string, requirement: string, hashes: string[] }[]} `requirement` has the marker, and no hash.
 */
export const readPins = (text) =>
  text
    .split(/\n(?=\S)/)
    .filter((entry) => /^[\w.-]+(\[[\w, -]+\])?==/.test(entry))
    .map((entry) => {
      const requirement = entry.split(' \\\n')[0].trim();
      const [name, version] = splitReference(requirement.split(' ; ')[0]);
      return {
        name,
        version,
        requirement,
        hashes: [...entry.matchAll(/--hash=sha256:(\w{64})\b/g)].map(([, hash]) => hash),
      };
    });

/** Reads the rows of the table of licences. */
export const readLicences = (text) =>
  [...text.matchAll(/^\| (\S+) \| (\S+) \| (.*?) \| (.*?) ?\|$/gm)]
    .map(([, name, version, licence, reason]) => ({ name, version, licence, reason }))
    .filter(({ name }) => !['package', '---'].includes(name));
