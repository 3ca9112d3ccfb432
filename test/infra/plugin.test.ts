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
import { CreateRepositoryCommand, ECRClient, GetLifecyclePolicyCommand } from '@aws-sdk/client-ecr';
import { findNetwork, keepNewestImages, readOutput } from './infrastructure.ts';

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

// moto's first answer about EC2 takes a while on a busy machine.
const patience = 60_000;

/** A region for each test, because moto keeps what is made in it. */
describe("training's network", () => {
  it(
    "is the default VPC's",
    async () => {
      const client = new EC2Client(configuration('eu-west-1'));
      const subnets = await listSubnets(client);
      const ids = subnets.map(({ SubnetId }) => SubnetId).sort();
      expect(ids.length).toBeGreaterThan(1);
      expect(await findNetwork(client, 'default')).toEqual([
        { ParameterKey: 'TrainingVpc', ParameterValue: subnets[0]?.VpcId },
        { ParameterKey: 'TrainingSubnets', ParameterValue: ids.join(',') },
      ]);
    },
    patience,
  );

  it(
    'is that of the given subnets',
    async () => {
      const client = new EC2Client(configuration('eu-west-2'));
      const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
      const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
      const given = String(Subnet?.SubnetId);
      expect(await findNetwork(client, [given])).toEqual([
        { ParameterKey: 'TrainingVpc', ParameterValue: Vpc?.VpcId },
        { ParameterKey: 'TrainingSubnets', ParameterValue: given },
      ]);
    },
    patience,
  );

  it(
    'is refused where subnets are of two VPCs',
    async () => {
      const client = new EC2Client(configuration('eu-west-3'));
      const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
      const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
      const [other] = await listSubnets(client);
      await expect(findNetwork(client, [String(Subnet?.SubnetId), String(other?.SubnetId)])).rejects.toThrow(
        /^trainingSubnets: the subnets are of several VPCs \(vpc-\w+, vpc-\w+\)/,
      );
    },
    patience,
  );

  it(
    'is asked for where the account has no default VPC',
    async () => {
      const client = new EC2Client(configuration('sa-east-1'));
      await deleteDefaultNetwork(client);
      await expect(findNetwork(client, 'default')).rejects.toThrow(
        'trainingSubnets: this region has no default VPC. Name subnets with a way out to the internet',
      );
    },
    patience,
  );

  it(
    'is refused in a sentence where a subnet does not exist',
    async () => {
      const client = new EC2Client(configuration('eu-west-1'));
      await expect(findNetwork(client, ['subnet-0123456789abcdef0'])).rejects.toThrow(
        /^trainingSubnets: .*subnet-0123456789abcdef0/,
      );
    },
    patience,
  );
});

describe('the repository of images built here', () => {
  it(
    'keeps the newest thirty',
    async () => {
      const client = new ECRClient(configuration('us-east-1'));
      const repositoryName = 'serverless-serverless-bert-dev';
      await client.send(new CreateRepositoryCommand({ repositoryName }));
      await keepNewestImages(client, repositoryName);
      const { lifecyclePolicyText = '' } = await client.send(new GetLifecyclePolicyCommand({ repositoryName }));
      expect(JSON.parse(lifecyclePolicyText).rules).toEqual([
        expect.objectContaining({
          action: { type: 'expire' },
          selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 30 },
        }),
      ]);
    },
    patience,
  );
});

describe('the bucket that remove leaves', () => {
  const client = new CloudFormationClient(configuration('us-east-1'));
  const body = {
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: { ModelBucketName: { Value: 'kept-bucket' } },
  };

  it(
    'is read from the stack before it goes',
    async () => {
      await client.send(new CreateStackCommand({ StackName: 'with-output', TemplateBody: JSON.stringify(body) }));
      expect(await readOutput(client, 'with-output', 'ModelBucketName')).toBe('kept-bucket');
      expect(await readOutput(client, 'with-output', 'Other')).toBeUndefined();
    },
    patience,
  );

  it(
    'is none where there is no stack',
    async () => {
      expect(await readOutput(client, 'no-such-stack', 'ModelBucketName')).toBeUndefined();
    },
    patience,
  );
});
