// What cannot work is refused in a sentence, before anything is made.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { registryName } from './account.mjs';

const nowhere = `sha256:${'0'.repeat(64)}`;

/** What a failed command says below "Error:", which must be one sentence and no stack trace. */
function readError({ code, output }) {
  assert.notEqual(code, 0, output);
  const message = output.split(/^Error:\n/m)[1] ?? output;
  assert.doesNotMatch(message, /^\s+at .+:\d+/m);
  return message.trim();
}

const listStacks = async ({ ask }) => {
  const { StackSummaries = [] } = await ask('cloudformation', 'ListStacks');
  return StackSummaries.filter(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE').map(
    ({ StackName }) => StackName,
  );
};

export async function checkRefusals({ check, account, checkout, folder }) {
  const deploy = ['deploy', '--stage', 'dev'];
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const refuses = (name, { words = deploy, env, message }) =>
    check(name, async () => {
      const error = readError(await checkout.serverless(words, env));
      assert.match(error, message);
      return error.split('\n')[0].slice(0, 160);
    });

  await refuses('no credentials: one sentence', {
    env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
    message: /credentials/i,
  });
  await refuses('no docker: one sentence', { env: { PATH: empty }, message: /Docker/ });
  await refuses('docker without its service: one sentence', {
    env: { DOCKER_HOST: `unix://${join(empty, 'docker.sock')}` },
    message: /^docker is there but does not work: Cannot connect to the Docker daemon at \S+/,
  });
  await refuses('an image digest that does not exist: one sentence', {
    words: [...deploy, '--param', `image=${registryName}/nothing@${nowhere}`],
    message: new RegExp(`^image: ECR has no image \\S+@${nowhere}\\. Push it first`),
  });
  await refuses('a training image that does not exist: one sentence', {
    words: [
      ...deploy,
      '--param',
      `image=quay.io/some/where@${nowhere}`,
      '--param',
      `trainingImage=${registryName}/nothing@${nowhere}`,
    ],
    message: /^trainingImage: ECR has no image/,
  });
  await refuses('an unknown stage: one sentence', {
    words: [...deploy.with(-1, 'staging')],
    message: /^There is no stage "staging"/,
  });
  await check('after all of these nothing was made: no stack, no bucket, no repository', async () => {
    const { Buckets = [] } = await account.ask('s3', 'ListBuckets');
    const { repositories } = await account.ask('ecr', 'DescribeRepositories');
    assert.deepEqual([await listStacks(account), Buckets, repositories], [[], [], []]);
  });
}
