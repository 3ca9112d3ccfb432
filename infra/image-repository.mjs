// Images in ECR. Serverless makes a repository for the images that are built here; the newest of them is the deployed one.
// Other images are named by their digest.
import { DescribeImagesCommand, PutLifecyclePolicyCommand } from '@aws-sdk/client-ecr';

const keptImages = 30;

/**
 * Keeps the newest images, by count and never by age, because a function whose image expires answers 502. It keeps so many
 * because a rollback deploys an earlier image.
 */
export async function keepNewestImages(client, repositoryName) {
  const rule = {
    rulePriority: 1,
    description: `The newest ${keptImages}: the deployed image and those to roll back to`,
    selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: keptImages },
    action: { type: 'expire' },
  };
  const lifecyclePolicyText = JSON.stringify({ rules: [rule] });
  await client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
}

const addressPattern = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^@]+)@(sha256:[0-9a-f]{64})$/;
const absences = ['ImageNotFoundException', 'RepositoryNotFoundException'];

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
