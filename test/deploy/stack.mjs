// A deployed stage, as the account shows it.

export const stackName = (stage) => `serverless-bert-${stage}`;

/** Reads a stack: `outputs`, `template` and `ids` (of the resources that moto made, by logical name). */
export async function readStack({ ask }, stage) {
  const StackName = stackName(stage);
  const { Stacks } = await ask('cloudformation', 'DescribeStacks', { StackName });
  const { StackResources } = await ask('cloudformation', 'DescribeStackResources', { StackName });
  const { TemplateBody } = await ask('cloudformation', 'GetTemplate', { StackName });
  const made = StackResources.filter(({ LogicalResourceId }) => LogicalResourceId);
  return {
    outputs: Object.fromEntries(Stacks[0].Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    template: JSON.parse(TemplateBody),
    ids: Object.fromEntries(
      made.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]),
    ),
  };
}

/** A function as it is deployed: `image`, `variables`, `role` (its address), `memory`, `timeout`. */
export async function readFunction({ ask }, stage, name) {
  const { Code, Configuration } = await ask('lambda', 'GetFunction', { FunctionName: `${stackName(stage)}-${name}` });
  const { Environment, Role: role, MemorySize: memory, Timeout: timeout } = Configuration;
  return { image: Code.ImageUri, variables: Environment.Variables, role, memory, timeout };
}

/** Names of everything of the account that a deployment can leave behind, by kind. */
export async function listEverything({ ask }) {
  const [functions, roles, groups, rules, topics, buckets, repositories, dashboards] = await Promise.all([
    ask('lambda', 'ListFunctions').then(({ Functions }) => Functions.map(({ FunctionName }) => FunctionName)),
    ask('iam', 'ListRoles').then(({ Roles }) => Roles.map(({ RoleName }) => RoleName)),
    ask('cloudwatch-logs', 'DescribeLogGroups').then(({ logGroups }) =>
      logGroups.map(({ logGroupName }) => logGroupName),
    ),
    ask('eventbridge', 'ListRules').then(({ Rules }) => Rules.map(({ Name }) => Name)),
    ask('sns', 'ListTopics').then(({ Topics = [] }) => Topics.map(({ TopicArn }) => TopicArn)),
    ask('s3', 'ListBuckets').then(({ Buckets = [] }) => Buckets.map(({ Name }) => Name)),
    ask('ecr', 'DescribeRepositories').then(({ repositories }) =>
      repositories.map(({ repositoryName }) => repositoryName),
    ),
    ask('cloudwatch', 'ListDashboards').then(({ DashboardEntries = [] }) =>
      DashboardEntries.map(({ DashboardName }) => DashboardName),
    ),
  ]);
  return { functions, roles, groups, rules, topics, buckets, repositories, dashboards };
}

/** Keys of a bucket below a prefix. */
export async function listKeys({ ask }, Bucket, Prefix = '') {
  const { Contents = [] } = await ask('s3', 'ListObjectsV2', { Bucket, Prefix });
  return Contents.map(({ Key }) => Key);
}
