// The two images that a deployment makes, when no digest names them. Both lie in the stage's repository, under tags of what they
// are made of (decision 0070).
import { spawnSync } from 'node:child_process';
import { buildImage, pushImage } from './docker.mjs';
import { hashContent } from './image-content.mjs';
import { findDigest } from './image-repository.mjs';

/** By parameter: Dockerfile, first word of the tag, and what building takes. */
const builtImages = {
  image: {
    file: 'Dockerfile.lambda',
    kind: 'lambda',
    effort: 'about 400 MB on this disk and 150 MB to send; that takes a few minutes',
  },
  trainingImage: {
    file: 'Dockerfile.train',
    kind: 'training',
    effort: 'about 10 GB on this disk and 4 GB to send; that takes 10 to 30 minutes, once for each change of it',
  },
};

/**
 * The tag of an image in the stage's repository, `training-0123456789abcdef`.
 *
 * @param {{ parameter: string, root: string, platform: string, base?: string | null }} request - `base` is the base image, if it is not
 *   the one that the Dockerfile names.
 */
export const tagOf = ({ parameter, root, platform, base }) =>
  `${builtImages[parameter].kind}-${hashContent(root, builtImages[parameter].file, base ? `${platform} ${base}` : platform)}`;

/** The digest of the image of the project's present content; undefined if it is not in the repository. */
export const findBuilt = (registry, { repositoryName, ...request }) =>
  findDigest(registry, { repositoryName, imageTag: tagOf(request) });

/** The commit of the checkout, for the manifests of what is trained; '' without git. */
export const readRevision = (cwd) =>
  spawnSync('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' }).stdout?.trim() ?? '';

/** Builds an image with docker and pushes it. Resolves to its digest. */
export async function buildHere({ parameter, root, image, platform, base }, { log, tell }) {
  const { file, effort } = builtImages[parameter];
  log(`${parameter}: building ${file}: ${effort}.`);
  const buildArguments = {
    ...(base ? { BASE: base } : {}),
    ...(parameter === 'trainingImage' ? { REVISION: readRevision(root) } : {}),
  };
  await buildImage({ parameter, root, file, platform, buildArguments, image }, tell);
  log(`${parameter}: pushing ${image}.`);
  return pushImage({ parameter, image }, tell);
}

/**
 * Finds the image of the project's present content in the repository, or builds it. Resolves to its name with the digest.
 *
 * @param request - `parameter`, `root`, `platform`, and the repository's `repositoryUri` and `repositoryName`.
 * @param tools - `registry` (a client of ECR), `build` (such as `buildHere`), `log` and `tell` (for a line of progress).
 */
export async function provideImage(request, { registry, build, log, tell }) {
  const { parameter, repositoryUri } = request;
  const found = await findBuilt(registry, request);
  if (found) log(`${parameter}: ${tagOf(request)} is in the repository already. It is neither built nor pushed.`);
  const image = `${repositoryUri}:${tagOf(request)}`;
  return `${repositoryUri}@${found ?? (await build({ ...request, image }, { log, tell }))}`;
}
