// Dockerfile.train, built over NVIDIA's base image or over a stand-in with its name.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureStandIn } from '../image/base.mjs';
import { podman } from '../image/podman.mjs';
import { sharePip } from './pip.mjs';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'Dockerfile.train');

/** The base image that Dockerfile.train names. */
export const baseName = /^ARG BASE=(\S+)$/m.exec(readFileSync(file, 'utf8'))[1];

/** What the image says its code is from. */
export const revision = 'a-revision-of-the-test';

/** Calls `use` with a new folder that is removed afterwards. */
function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'serverless-bert-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the image from a checkout, with this machine's pip settings, and returns its id. */
function build(context, name) {
  const tag = `localhost/serverless-bert/${name}:latest`;
  const flags = ['--file', file, '--tag', tag, '--layers', '--pull=never', '--build-arg', `REVISION=${revision}`];
  return withFolder((settings) => podman(['build', '--quiet', ...flags, ...sharePip(settings), context]))
    .split('\n')
    .at(-1);
}

/**
 * Builds the image of this checkout and returns its id.
 *
 * @param real - over NVIDIA's base image, pulled; otherwise over the stand-in.
 */
export function buildTrainImage({ real }) {
  const recipeFolder = join(import.meta.dirname, 'cuda-base');
  if (real) podman(['pull', '--quiet', `docker.io/${baseName}`]);
  const found = real ? `docker.io/${baseName}` : ensureStandIn({ tag: 'localhost/stand-in/cuda:latest', recipeFolder });
  podman(['tag', found, baseName]);
  return build(root, 'train');
}

/** Builds a copy of `training/` that `change(folder)` was applied to, and returns the image's id. */
export const buildChangedImage = (change) =>
  withFolder((copy) => {
    for (const name of ['.dockerignore', 'training']) cpSync(join(root, name), join(copy, name), { recursive: true });
    change(copy);
    return build(copy, 'train-changed');
  });
