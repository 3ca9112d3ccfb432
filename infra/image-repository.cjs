// Images in ECR: the repository that Serverless makes for those built here, where the newest image is the deployed one, and
// those named by their digest.
const { DescribeImagesCommand, PutLifecyclePolicyCommand } = require('@aws-sdk/client-ecr');

const keptImages = 30;

/**
 * Keeps the newest images, by count and never by age: a function whose image expires answers 502. So many, because an
 * earlier image is what a rollback deploys.
 */
async function keepNewestImages(client, repositoryName) {
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
 * Throws an Error if ECR does not have the image of this parameter. Where ECR does not let us look, as across accounts, the
 * deployment finds out.
 *
 * @param openClient - gives a client for a region.
 */
async function requireImage(openClient, parameter, image) {
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

module.exports = { keepNewestImages, requireImage };
