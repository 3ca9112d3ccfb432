// The repository that Serverless makes for images built here. The newest image is the deployed one.
const { PutLifecyclePolicyCommand } = require('@aws-sdk/client-ecr');

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

module.exports = { keepNewestImages };
