// The GPU variant of the API image, built over NVIDIA's base image or over its stand-in, with ONNX Runtime's real CUDA provider.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLambdaImage, provideLambdaBase } from '../containers/lambda-image.mjs';
import { podman } from '../containers/podman.mjs';
import { ensureStandIn, useRealBase } from '../containers/stand-in.mjs';
import { sharePip } from '../train-image/pip.mjs';
import { readServices } from './services.mjs';

const root = join(import.meta.dirname, '..', '..');

/** The base image that Dockerfile.lambda names for GPUs. */
const baseName = /^ARG CUDA_BASE=(\S+)$/m.exec(readFileSync(join(root, 'Dockerfile.lambda'), 'utf8'))[1];

function provideCudaBase() {
  const real = `docker.io/${baseName}`;
  if (useRealBase()) podman(['pull', '--quiet', real]);
  const recipeFolder = join(root, 'test', 'train-image', 'cuda-base');
  const found = useRealBase() ? real : ensureStandIn({ tag: 'localhost/stand-in/cuda:latest', recipeFolder });
  podman(['tag', found, baseName]);
}

/** Builds the image of the service `api-gpu` of docker-compose.yml, with this machine's pip settings, and returns its id. */
export function buildGpuImage() {
  provideLambdaBase();
  provideCudaBase();
  const { image, build } = readServices()['api-gpu'];
  const flags = sharePip(mkdtempSync(join(tmpdir(), 'gpu-image-')));
  return buildLambdaImage({ tag: image, target: build.target, flags });
}
