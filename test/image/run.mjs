// `npm run test:image`: builds Dockerfile.lambda and runs it as Lambda would, with a real model in a real S3 server.
//
//   npm run test:image                  over a stand-in for AWS's base image, made here
//   npm run test:image -- --base real   over AWS's base image, pulled
import { parseArgs } from 'node:util';
import { prepareEnvironment } from '../python.mjs';
import { createChecks } from './checks.mjs';
import { createCleanup } from './cleanup.mjs';
import { checkContent } from './content.mjs';
import { checkFunction } from './function.mjs';
import { buildLambdaImage } from './lambda-image.mjs';
import { podman } from './podman.mjs';
import { requireTools } from './tools.mjs';

const { values } = parseArgs({ options: { base: { type: 'string', default: 'stand-in' } } });
if (!['real', 'stand-in'].includes(values.base)) throw new Error(`--base is real or stand-in, not ${values.base}.`);

async function test() {
  requireTools();
  prepareEnvironment();
  const image = buildLambdaImage({ real: values.base === 'real' });
  const checks = createChecks();
  await checkContent(image, checks);
  const cleanup = createCleanup();
  try {
    await checkFunction(image, { ...checks, cleanup });
  } finally {
    await cleanup.now();
  }
  // Images of earlier runs that no name points to any more; of a run beside this one they would be younger.
  podman(['image', 'prune', '--force', '--filter', 'until=24h']);
  return checks.finish();
}

try {
  process.exitCode = (await test()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
