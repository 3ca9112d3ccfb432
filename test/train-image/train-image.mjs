// Dockerfile.train, built over NVIDIA's base image or over a stand-in with its name. PyTorch comes from where pip on this
// machine has it, as for the tests' own environment. If that is a build for CUDA, the image takes several GB.
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, podman } from '../containers/podman.mjs';
import { ensureStandIn, useRealBase } from '../containers/stand-in.mjs';
import { findTorchLock } from '../python.mjs';
import { sharePip } from './pip.mjs';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'Dockerfile.train');
const newFolder = () => mkdtempSync(join(tmpdir(), 'train-image-'));

/** The base image that Dockerfile.train names. */
export const baseName = /^ARG BASE=(\S+)$/m.exec(readFileSync(file, 'utf8'))[1];

/** The revision in the label of the image. */
export const revision = 'a-revision-of-the-test';

/** Builds the image from a checkout, with this machine's pip settings, and returns its id. */
function build(context, name) {
  const flags = [
    '--build-arg',
    `REVISION=${revision}`,
    '--build-arg',
    `LOCK=${findTorchLock()}`,
    ...sharePip(newFolder()),
  ];
  return buildImage({ file, context, tag: `localhost/serverless-bert/${name}:latest`, flags });
}

/** Makes the base image available to the next build, to podman's and to docker's, which name it differently. */
export function provideTrainBase() {
  const real = `docker.io/${baseName}`;
  if (useRealBase()) podman(['pull', '--quiet', real]);
  const recipeFolder = join(import.meta.dirname, 'cuda-base');
  const found = useRealBase() ? real : ensureStandIn({ tag: 'localhost/stand-in/cuda:latest', recipeFolder });
  podman(['tag', found, baseName, real]);
}

/** Builds the image of this checkout and returns its id. */
export function buildTrainImage() {
  provideTrainBase();
  return build(root, 'train');
}

/** Builds a copy of `training/` that `change(folder)` was applied to, and returns the image's id. */
export function buildChangedImage(change) {
  const copy = newFolder();
  for (const name of ['.dockerignore', 'supply-chain', 'training'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  change(copy);
  return build(copy, 'train-changed');
}
