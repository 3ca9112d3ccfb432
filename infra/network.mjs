// The network of the training machines. CloudFormation cannot look up the default VPC, so the deployment looks it up.
import { DescribeSubnetsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';

async function findDefaultVpc(client) {
  const { Vpcs = [] } = await client.send(
    new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }),
  );
  if (Vpcs.length === 0)
    throw new Error(
      'trainingSubnets: this region has no default VPC. Name subnets with a way out to the internet: --param trainingSubnets=subnet-…,subnet-…',
    );
  return Vpcs[0].VpcId;
}

async function findSubnets(client, wanted) {
  if (wanted === 'default') {
    const filter = { Name: 'vpc-id', Values: [await findDefaultVpc(client)] };
    return (await client.send(new DescribeSubnetsCommand({ Filters: [filter] }))).Subnets ?? [];
  }
  try {
    return (await client.send(new DescribeSubnetsCommand({ SubnetIds: wanted }))).Subnets ?? [];
  } catch (error) {
    throw error.name === 'InvalidSubnetID.NotFound' ? new Error(`trainingSubnets: ${error.message}`) : error;
  }
}

/**
 * Finds the stack's parameters TrainingVpc and TrainingSubnets: those of the default VPC (`default`), or the given subnets and
 * their VPC. Throws an Error when there is none, or when the subnets are of several VPCs.
 */
export async function findNetwork(client, wanted) {
  const subnets = await findSubnets(client, wanted);
  const vpcs = [...new Set(subnets.map(({ VpcId }) => VpcId))];
  if (vpcs.length !== 1)
    throw new Error(
      vpcs.length === 0
        ? 'trainingSubnets: the default VPC has no subnets. Name others: --param trainingSubnets=subnet-…,subnet-…'
        : `trainingSubnets: the subnets are of several VPCs (${vpcs.join(', ')}), but one run has one network.`,
    );
  const ids = subnets.map(({ SubnetId }) => SubnetId).sort();
  return [
    { ParameterKey: 'TrainingVpc', ParameterValue: vpcs[0] },
    { ParameterKey: 'TrainingSubnets', ParameterValue: ids.join(',') },
  ];
}
