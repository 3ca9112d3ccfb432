// `npm run test:train-image`: builds Dockerfile.train and trains a tiny BERT in it, in a mounted folder and in S3.
//
//   npm run test:train-image                  over a stand-in for NVIDIA's base image, made here
//   npm run test:train-image -- --base real   over NVIDIA's base image, pulled
//
// PyTorch comes from where pip on this machine has it, as for the tests' own environment: if that is a build for CUDA,
// the image takes several GB.
import { parseArgs } from 'node:util';
import { createChecks } from '../image/checks.mjs';
import { createCleanup } from '../image/cleanup.mjs';
import { requireTools } from '../image/tools.mjs';
import { prepareEnvironment } from '../python.mjs';
import { checkContent } from './content.mjs';
import { buildTrainImage } from './train-image.mjs';
import { checkTraining } from './training.mjs';

const { values } = parseArgs({ options: { base: { type: 'string', default: 'stand-in' } } });
if (!['real', 'stand-in'].includes(values.base)) throw new Error(`--base is real or stand-in, not ${values.base}.`);

async function test() {
  requireTools();
  prepareEnvironment();
  const image = buildTrainImage({ real: values.base === 'real' });
  const checks = createChecks();
  await checkContent(image, checks);
  const cleanup = createCleanup();
  try {
    await checkTraining(image, { ...checks, cleanup });
  } finally {
    await cleanup.now();
  }
  return checks.finish();
}

try {
  process.exitCode = (await test()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
