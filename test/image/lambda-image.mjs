// Dockerfile.lambda, built.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideLambdaBase } from './lambda-base.mjs';
import { buildImage } from './podman.mjs';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'Dockerfile.lambda');

/** The base image that Dockerfile.lambda names. */
export const baseName = /^ARG BASE=(\S+)$/m.exec(readFileSync(file, 'utf8'))[1];

/** Builds the image from a checkout and returns its id. The first stage gets a name too, so that its cache is kept. */
function build(context, name) {
  buildImage({ file, context, tag: `localhost/serverless-bert/${name}-build:latest`, target: 'build' });
  return buildImage({ file, context, tag: `localhost/serverless-bert/${name}:latest` });
}

/** Builds the image of this checkout and returns its id. */
export function buildLambdaImage({ real }) {
  provideLambdaBase(baseName, { real });
  return build(root, 'lambda');
}

/** What the build's context may hold, by .dockerignore. */
const contextEntries = () =>
  readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

/** Builds a copy of this checkout that `change(folder)` was applied to, and returns the image's id. */
export function buildChangedImage(change) {
  const copy = mkdtempSync(join(tmpdir(), 'serverless-bert-'));
  try {
    for (const entry of contextEntries()) {
      cpSync(join(root, entry), join(copy, entry), { recursive: true });
    }
    change(copy);
    return build(copy, 'changed');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
