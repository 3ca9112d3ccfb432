import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { findDockerProblems } from '../../infra/docker.mjs';
import { deleteRepository, keepNewestImages, requireImage, resolveTag } from '../../infra/image-repository.mjs';
import { findNetwork } from '../../infra/network.mjs';
import { ensureSpotRole } from '../../infra/spot-role.mjs';
import { readOutput } from '../../infra/stack.mjs';

const configuration = (region: string) => ({
  endpoint: process.env.TEST_S3_ENDPOINT ?? '',
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

const listSubnets = async (client: EC2Client) => (await client.send(new DescribeSubnetsCommand({}))).Subnets ?? [];

const deleteDefaultNetwork = async (client: EC2Client) => {
  for (const { SubnetId } of await listSubnets(client)) await client.send(new DeleteSubnetCommand({ SubnetId }));
  for (const { VpcId } of (await client.send(new DescribeVpcsCommand({}))).Vpcs ?? [])
    await client.send(new DeleteVpcCommand({ VpcId }));
};

// moto's first answer about EC2 takes long on a busy machine.

/** A region for each test, because moto keeps what is made in it. */
describe("training's network", () => {
  it("is the default VPC's", async () => {
    const client = new EC2Client(configuration('eu-west-1'));
    const subnets = await listSubnets(client);
    const ids = subnets.map(({ SubnetId }) => SubnetId).sort();
    expect(ids.length).toBeGreaterThan(1);
    expect(await findNetwork(client, 'default')).toEqual([
      { ParameterKey: 'TrainingVpc', ParameterValue: subnets[0]?.VpcId },
      { ParameterKey: 'TrainingSubnets', ParameterValue: ids.join(',') },
    ]);
  });

  it('is that of the given subnets', async () => {
    const client = new EC2Client(configuration('eu-west-2'));
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
    const given = String(Subnet?.SubnetId);
    expect(await findNetwork(client, [given])).toEqual([
      { ParameterKey: 'TrainingVpc', ParameterValue: Vpc?.VpcId },
      { ParameterKey: 'TrainingSubnets', ParameterValue: given },
    ]);
  });

  it('is refused where subnets are of two VPCs', async () => {
    const client = new EC2Client(configuration('eu-west-3'));
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
    const [other] = await listSubnets(client);
    await expect(findNetwork(client, [String(Subnet?.SubnetId), String(other?.SubnetId)])).rejects.toThrow(
      /^trainingSubnets: the subnets are of several VPCs \(vpc-\w+, vpc-\w+\)/,
    );
  });

  it('is asked for where the account has no default VPC', async () => {
    const client = new EC2Client(configuration('sa-east-1'));
    await deleteDefaultNetwork(client);
    await expect(findNetwork(client, 'default')).rejects.toThrow(
      'trainingSubnets: this region has no default VPC. Name subnets with a way out to the internet',
    );
  });

  it('is refused in a sentence where a subnet does not exist', async () => {
    const client = new EC2Client(configuration('eu-west-1'));
    await expect(findNetwork(client, ['subnet-0123456789abcdef0'])).rejects.toThrow(
      /^trainingSubnets: .*subnet-0123456789abcdef0/,
    );
  });
});

describe('the repository of images built here', () => {
  it('keeps the newest five for training, and the newest thirty of the others', async () => {
    const client = new ECRClient(configuration('us-east-1'));
    const repositoryName = 'serverless-serverless-bert-dev';
    await client.send(new CreateRepositoryCommand({ repositoryName }));
    await keepNewestImages(client, repositoryName);
    const { lifecyclePolicyText = '' } = await client.send(new GetLifecyclePolicyCommand({ repositoryName }));
    const rule = (rulePriority: number, countNumber: number, selection: object) =>
      expect.objectContaining({
        rulePriority,
        action: { type: 'expire' },
        selection: { ...selection, countType: 'imageCountMoreThan', countNumber },
      });
    expect(JSON.parse(lifecyclePolicyText).rules).toEqual([
      rule(1, 5, { tagStatus: 'tagged', tagPatternList: ['training-*'] }),
      rule(2, 30, { tagStatus: 'any' }),
    ]);
  });
});

it('a repository is deleted with its images, and one that is not there is passed over', async () => {
  const client = new ECRClient(configuration('us-west-1'));
  const repositoryName = 'left-over';
  await client.send(new CreateRepositoryCommand({ repositoryName }));
  const imageManifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
  await client.send(
    new PutImageCommand({ repositoryName, imageTag: 'a', imageManifest: '{}', imageManifestMediaType }),
  );
  for (const _ of ['there', 'gone']) await deleteRepository(client, repositoryName);
  expect((await client.send(new DescribeRepositoriesCommand({}))).repositories).toEqual([]);
});

describe('images named by their digest', () => {
  const openClient = (region: string) => new ECRClient(configuration(region));
  const digest = `sha256:${'c'.repeat(64)}`;
  const image = (name: string) => `123456789012.dkr.ecr.eu-central-1.amazonaws.com/${name}@${digest}`;

  it('are refused where ECR has no such image or repository', async () => {
    await openClient('eu-central-1').send(new CreateRepositoryCommand({ repositoryName: 'empty' }));
    for (const name of ['empty', 'missing'])
      await expect(requireImage(openClient, 'image', image(name))).rejects.toThrow(
        `image: ECR has no image ${image(name)}. Push it first; \`docker push\` prints its digest.`,
      );
  });

  it('pass if ECR has them, and if ECR cannot be asked', async () => {
    const client = openClient('eu-central-1');
    await client.send(new CreateRepositoryCommand({ repositoryName: 'full' }));
    const manifest = { repositoryName: 'full', imageTag: 'v1', imageDigest: digest, imageManifest: '{}' };
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    await client.send(new PutImageCommand({ ...manifest, imageManifestMediaType: mediaType }));
    await expect(requireImage(openClient, 'image', image('full'))).resolves.toBeUndefined();
    await expect(requireImage(openClient, 'image', `registry.example/elsewhere@${digest}`)).resolves.toBeUndefined();
  });
});

describe('an image named by its tag', () => {
  const openClient = (region: string) => new ECRClient(configuration(region));
  const repository = '123456789012.dkr.ecr.eu-north-1.amazonaws.com/tagged';

  it('is resolved to its digest', async () => {
    const client = openClient('eu-north-1');
    await client.send(new CreateRepositoryCommand({ repositoryName: 'tagged' }));
    const imageDigest = `sha256:${'f'.repeat(64)}`;
    const imageManifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
    const pushed = { repositoryName: 'tagged', imageTag: 'v1', imageDigest, imageManifest: '{}' };
    await client.send(new PutImageCommand({ ...pushed, imageManifestMediaType }));
    expect(await resolveTag(openClient, `${repository}:v1`)).toBe(`${repository}@${imageDigest}`);
    for (const unknown of [`${repository}:v2`, `${repository}-not:v1`, 'quay.io/some/where:v1', 'build', repository])
      expect(await resolveTag(openClient, unknown)).toBeUndefined();
  });
});

describe("Spot's service-linked role", () => {
  it('is made once', async () => {
    const client = new IAMClient(configuration('us-east-1'));
    expect(await ensureSpotRole(client)).toBe(true);
    expect(await ensureSpotRole(client)).toBe(false);
    const { Roles = [] } = await client.send(new ListRolesCommand({ PathPrefix: '/aws-service-role/spot' }));
    expect(Roles).toHaveLength(1);
  });
});

describe('the docker command', () => {
  const answer = (status: number, stdout: string, stderr = '') => ({ status, stdout, stderr });

  it('passes with any service behind it', () => {
    const versions = 'Client:\n Version: 20.10.24\n\nServer: linux/amd64\n Podman Engine:\n  Version: 4.3.1\n';
    expect(findDockerProblems(() => answer(0, versions))).toEqual([]);
  });

  it('is refused without a service, in its own last words', () => {
    const words = 'Cannot connect to the Docker daemon at unix:///docker.sock. Is the docker daemon running?';
    expect(findDockerProblems(() => answer(1, 'Client:\n Version: 28.2.2\n', `${words}\n`))).toEqual([
      `docker is there but does not work: ${words}`,
    ]);
  });

  it("is refused if it is podman's own command, whose push does not print the digest", () => {
    expect(findDockerProblems(() => answer(0, 'Client:       Podman Engine\nVersion:      4.3.1\n'))).toEqual([
      expect.stringMatching(/^docker is podman's own command here/),
    ]);
  });
});

describe('the bucket that remove leaves', () => {
  const client = new CloudFormationClient(configuration('us-east-1'));
  const body = {
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: { ModelBucketName: { Value: 'kept-bucket' } },
  };

  it('is read from the stack before it goes', async () => {
    await client.send(new CreateStackCommand({ StackName: 'with-output', TemplateBody: JSON.stringify(body) }));
    expect(await readOutput(client, 'with-output', 'ModelBucketName')).toBe('kept-bucket');
    expect(await readOutput(client, 'with-output', 'Other')).toBeUndefined();
  });

  it('is none where there is no stack', async () => {
    expect(await readOutput(client, 'no-such-stack', 'ModelBucketName')).toBeUndefined();
  });
});
