// `npm run test:image`: builds Dockerfile.lambda and runs it as Lambda would, with a real model in a real S3 server.
//
//   npm run test:image                  over a stand-in for AWS's base image, made here
//   npm run test:image -- --base real   over AWS's base image, pulled
import { checkContent } from './content.mjs';
import { checkFunction } from './function.mjs';
import { testImage } from './image-test.mjs';
import { buildLambdaImage } from './lambda-image.mjs';
import { podman } from './podman.mjs';

async function checkRunning(image, checks) {
  await checkFunction(image, checks);
  // Images of earlier runs that no name points to any more; of a run beside this one they would be younger.
  podman(['image', 'prune', '--force', '--filter', 'until=24h']);
}

await testImage({ build: buildLambdaImage, checkContent, checkRunning });
