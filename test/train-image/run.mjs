// `npm run test:train-image`: builds Dockerfile.train and trains a tiny BERT in it, in a mounted folder and in S3.
//
//   npm run test:train-image                  over a stand-in for NVIDIA's base image, made here
//   npm run test:train-image -- --base real   over NVIDIA's base image, pulled
//
// PyTorch comes from where pip on this machine has it, as for the tests' own environment: if that is a build for CUDA,
// the image takes several GB.
import { testImage } from '../image/image-test.mjs';
import { checkContent } from './content.mjs';
import { buildTrainImage } from './train-image.mjs';
import { checkTraining } from './training.mjs';

await testImage({ build: buildTrainImage, checkContent, checkRunning: checkTraining });
