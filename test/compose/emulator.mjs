// In place of moto's image where it cannot be pulled: Debian's stand-in, with this machine's Python and the tests' own moto in it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureDebian } from '../image/base.mjs';
import { podman } from '../image/podman.mjs';
import { binaries } from '../python.mjs';

const environment = dirname(binaries);

/** Where the environment's Python lives: it is a link. */
const findPython = () =>
  dirname(/^home = (.+)$/m.exec(readFileSync(join(environment, 'pyvenv.cfg'), 'utf8'))[1].trim());

/** The moto that the tests run, by its requirement. */
export const motoVersion = () =>
  /^moto\[server\]==(\S+)$/m.exec(
    readFileSync(join(import.meta.dirname, '..', '..', 'training', 'requirements-dev.txt'), 'utf8'),
  )[1];

/** Gives the stand-in the image's name in the tests' storage. Returns the flags and the command that it needs to run. */
export function provideEmulator(image) {
  podman(['tag', ensureDebian(), image]);
  const folders = [...new Set(['/usr', findPython(), environment])];
  const flags = folders.flatMap((folder) => ['--volume', `${folder}:${folder}:ro`]);
  return { flags, command: [join(binaries, 'moto_server'), '-H', '0.0.0.0'] };
}
