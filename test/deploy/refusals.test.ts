// A deployment that cannot work is refused in a sentence, before anything is made.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { registryName } from './account.mjs';
import { startRehearsal } from './rehearsal.mjs';

interface Attempt {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly message: RegExp;
}

const nowhere = `sha256:${'0'.repeat(64)}`;
const deploy = ['deploy', '--stage', 'dev'];

const { account, checkout, folder } = await startRehearsal();
const empty = join(folder, 'empty');
mkdirSync(empty);

it.each<[string, Attempt]>([
  [
    'no credentials',
    { env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }, message: /credentials/i },
  ],
  ['no docker', { env: { PATH: empty }, message: /^docker cannot be started \(.+\)\. Install Docker or podman/ }],
  [
    'no docker for the training image',
    {
      words: [...[...deploy, '--param', `image=quay.io/some/where@${nowhere}`], ...['--param', 'trainingImage=build']],
      env: { PATH: empty },
      message: /^docker cannot be started/,
    },
  ],
  [
    'docker without its service',
    {
      env: { DOCKER_HOST: `unix://${join(empty, 'docker.sock')}` },
      message: /^docker is there but does not work: Cannot connect to the Docker daemon at \S+/,
    },
  ],
  [
    'an image digest that does not exist',
    {
      words: [...deploy, '--param', `image=${registryName}/nothing@${nowhere}`],
      message: new RegExp(`^image: ECR has no image \\S+@${nowhere}\\. Push it first`),
    },
  ],
  [
    'a training image that does not exist',
    {
      words: [
        ...[...deploy, '--param', `image=quay.io/some/where@${nowhere}`],
        ...['--param', `trainingImage=${registryName}/nothing@${nowhere}`],
      ],
      message: /^trainingImage: ECR has no image/,
    },
  ],
  ['an unknown stage', { words: ['deploy', '--stage', 'staging'], message: /^There is no stage "staging"/ }],
])('%s is refused in one sentence', async (_, { words = deploy, env = {}, message }) => {
  const { code, output } = await checkout.serverless(words, env);
  expect([code, output]).not.toEqual([0, expect.any(String)]);
  const error = (output.split(/^Error:\n/m)[1] ?? output).trim();
  expect(error).toMatch(message);
  expect(error).not.toMatch(/^\s+at .+:\d+/m);
});

it('no refused deployment has made a stack, a bucket or a repository', async () => {
  const { StackSummaries = [] } = await account.ask('cloudformation', 'ListStacks');
  const { Buckets = [] } = await account.ask('s3', 'ListBuckets');
  const { repositories } = await account.ask('ecr', 'DescribeRepositories');
  const stacks = StackSummaries.filter(({ StackStatus }: { StackStatus: string }) => StackStatus !== 'DELETE_COMPLETE');
  expect({ stacks, Buckets, repositories }).toEqual({ stacks: [], Buckets: [], repositories: [] });
});
