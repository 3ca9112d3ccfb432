// Images in ECR. The images that a deployment builds lie in the stage's repository, which `remove` deletes. Other images are named
// by their digest.
import { DeleteRepositoryCommand, DescribeImagesCommand, PutLifecyclePolicyCommand } from '@aws-sdk/client-ecr';

const keptImages = 30;
const keptTrainingImages = 5;

const expire = (rulePriority, description, selection) => ({
  rulePriority,
  description,
  selection: { ...selection, countType: 'imageCountMoreThan' },
  action: { type: 'expire' },
});

/**
 * Keeps the newest images, by count and never by age, because a function whose image expires answers 502. It keeps so many
 * because a rollback deploys an earlier image. ECR does not let a later rule expire an image that an earlier one is about.
 */
export async function keepNewestImages(client, repositoryName) {
  const training = { tagStatus: 'tagged', tagPatternList: ['training-*'], countNumber: keptTrainingImages };
  const rules = [
    expire(1, `The newest ${keptTrainingImages} for training, which are large`, training),
    expire(2, `The newest ${keptImages}: the deployed image and those to roll back to`, {
      tagStatus: 'any',
      countNumber: keptImages,
    }),
  ];
  const lifecyclePolicyText = JSON.stringify({ rules });
  await client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
}

/** Deletes a repository with all that is in it, if there is one. */
export async function deleteRepository(client, repositoryName) {
  try {
    await client.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
  } catch (error) {
    if (error.name !== 'RepositoryNotFoundException') throw error;
  }
}

const addressPattern = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^@]+)@(sha256:[0-9a-f]{64})$/;
const absences = ['ImageNotFoundException', 'RepositoryNotFoundException'];

/** The digest of an image that has a tag in a repository, or undefined. */
export async function findDigest(client, { registryId, repositoryName, imageTag }) {
  try {
    const command = new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageTag }] });
    return (await client.send(command)).imageDetails?.[0]?.imageDigest;
  } catch (error) {
    if (absences.includes(error.name)) return undefined;
    throw error;
  }
}

const taggedPattern = /^((\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^:@]+)):([^:@]+)$/;

/** The name by digest of an image that is named by a tag, as far as ECR can be asked; undefined otherwise. */
export async function resolveTag(openClient, image) {
  const [, repository, registryId, region, repositoryName, imageTag] = taggedPattern.exec(image) ?? [];
  if (!repository) return undefined;
  try {
    const digest = await findDigest(await openClient(region), { registryId, repositoryName, imageTag });
    return digest && `${repository}@${digest}`;
  } catch {
    return undefined;
  }
}

/**
 * Throws an Error if ECR does not have the image of this parameter. It passes over every other error of ECR, such as a
 * missing permission in another account: the deployment then reports it.
 *
 * @param openClient - gives a client for a region.
 */
export async function requireImage(openClient, parameter, image) {
  const [, registryId, region, repositoryName, imageDigest] = addressPattern.exec(image) ?? [];
  if (!registryId) return;
  const command = new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageDigest }] });
  try {
    await (await openClient(region)).send(command);
  } catch (error) {
    if (absences.includes(error.name))
      throw new Error(`${parameter}: ECR has no image ${image}. Push it first; \`docker push\` prints its digest.`);
  }
}
