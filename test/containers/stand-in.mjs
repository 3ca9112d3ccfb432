// Stand-ins for base images that a machine cannot pull. They are made once, from Debian and npm packages, and kept under a
// label with the hash of what they were made of.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, cache, inspectImage, podman } from './podman.mjs';
import { execute } from './tools.mjs';

const label = 'serverless-bert.recipe';
const debian = { suite: 'bookworm', variant: 'minbase' };

/** Hash of everything that an image is made of. */
const hashRecipe = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** The texts of a folder's files by name, for `hashRecipe`. */
const readRecipe = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')])
    .sort();

/** Whether the images are built over their real base, pulled, as `BASE_IMAGE=real` asks for. Otherwise it is a stand-in. */
export const useRealBase = () => process.env.BASE_IMAGE === 'real';

/** Calls `use` with a new folder beside the images, which is removed afterwards. */
function withWorkFolder(use) {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'work-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes an image unless one of that name was made of the same ingredients. Returns its id. */
function ensureImage({ tag, recipe, make }) {
  const found = inspectImage(tag);
  if (found?.Labels?.[label] === recipe) return found.Id;
  console.log(`making ${tag} (once; kept in ${cache})`);
  withWorkFolder(make);
  const made = inspectImage(tag);
  if (made?.Labels?.[label] !== recipe) throw new Error(`${tag} was made, but is not in the storage.`);
  return made.Id;
}

/** A minimal Debian, `localhost/stand-in/debian`, by debootstrap. Returns its id. */
export function ensureDebian() {
  const tag = 'localhost/stand-in/debian:latest';
  const recipe = hashRecipe(debian, process.arch);
  const make = (folder) => {
    const [root, archive] = [join(folder, 'root'), join(folder, 'root.tar')];
    execute('debootstrap', [`--variant=${debian.variant}`, debian.suite, root]);
    // The download cache and the package lists are a third of it.
    for (const name of ['var/cache/apt', 'var/lib/apt/lists']) {
      for (const entry of readdirSync(join(root, name))) rmSync(join(root, name, entry), { recursive: true });
    }
    execute('tar', ['--create', '--numeric-owner', '--directory', root, '--file', archive, '.']);
    podman(['import', '--quiet', '--change', `LABEL ${label}=${recipe}`, archive, tag]);
  };
  return ensureImage({ tag, recipe, make });
}

/**
 * An image over that Debian, built from the Dockerfile in `recipeFolder`.
 *
 * @param ingredients - everything else that the image depends on (versions, settings).
 * @param prepare - puts further files into the build's context: `prepare(context)`.
 */
export function ensureStandIn({ tag, recipeFolder, ingredients = undefined, prepare = undefined }) {
  const debianId = ensureDebian();
  const recipe = hashRecipe(readRecipe(recipeFolder), ingredients, debianId, process.arch);
  const make = (context) => {
    cpSync(recipeFolder, context, { recursive: true });
    prepare?.(context);
    const flags = ['--build-arg', `DEBIAN=${debianId}`, '--label', `${label}=${recipe}`];
    buildImage({ file: join(context, 'Dockerfile'), context, tag, flags });
  };
  return ensureImage({ tag, recipe, make });
}
