// Makes the SBOMs of the images of Dockerfile.lambda from this checkout, by the commands of the Dockerfile.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** What infra/image-modules.mjs leaves in node_modules. */
const modules = ['onnxruntime-common', 'onnxruntime-node'];

function run(command, words) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} failed:\n${error?.message ?? stderr}`);
  return stdout;
}

/** The base images by their argument in Dockerfile.lambda. */
export function readBases() {
  const dockerfile = readFileSync(join(root, 'Dockerfile.lambda'), 'utf8');
  return Object.fromEntries([...dockerfile.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, image]) => [name, image]));
}

/**
 * Builds the bundles into `folder`/dist and the SBOMs into `folder`/sbom.
 *
 * @returns the SBOMs by image: `lambda`, `api` and `api-gpu`.
 */
export function makeSboms(folder) {
  const [npm, packages, kept, out] = ['npm.json', 'packages.json', 'modules', 'sbom'].map((name) => join(folder, name));
  mkdirSync(kept);
  for (const name of modules) symlinkSync(join(root, 'node_modules', name), join(kept, name));
  run(process.execPath, ['build.mjs', '--quiet', '--out', join(folder, 'dist'), '--packages', packages]);
  writeFileSync(npm, run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']));
  const { BASE, CUDA_BASE } = readBases();
  const inputs = ['--npm', npm, '--packages', packages, '--modules', kept, '--base', BASE, '--cuda-base', CUDA_BASE];
  run(process.execPath, [join('supply-chain', 'image-sbom.mjs'), ...inputs, '--out', out]);
  const read = (image) => [image, JSON.parse(readFileSync(join(out, `${image}.cdx.json`), 'utf8'))];
  return Object.fromEntries(['lambda', 'api', 'api-gpu'].map(read));
}
