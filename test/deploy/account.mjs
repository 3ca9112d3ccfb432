// An emulated AWS account: moto, a way to ask it anything with the AWS SDK, and what it knows about a deployed stage.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { undoLater } from '../containers/tools.mjs';
import { binaries } from '../python.mjs';
import { startMoto } from '../s3/moto.mjs';

const region = 'us-east-1';
/** ECR's name in images of moto's account. */
export const registryName = `123456789012.dkr.ecr.${region}.amazonaws.com`;

// The deploy tool brings clients of all services that it uses. They are resolved as it resolves them.
const load = createRequire(createRequire(import.meta.url).resolve('osls/package.json'));

const findClient = (sdk) => sdk[Object.keys(sdk).find((name) => /^[A-Z]\w*Client$/.test(name))];

/**
 * Starts the account, which ends with the suite.
 *
 * @returns `env` of a shell that has it, and `ask(service, command, input)`, such as `ask('iam', 'GetRole', { RoleName })`.
 */
export async function startAccount() {
  const { endpoint, stop } = await startMoto([join(binaries, 'python'), join(import.meta.dirname, 'moto-server.py')]);
  undoLater(stop);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const clients = new Map();
  const ask = (service, command, input = {}) => {
    const sdk = load(`@aws-sdk/client-${service}`);
    if (!clients.has(service)) clients.set(service, new (findClient(sdk))({ endpoint, region, credentials }));
    return clients.get(service).send(new sdk[`${command}Command`](input));
  };
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { env, ask };
}

export const stackName = (stage) => `serverless-bert-${stage}`;

/**
 * Reads a stack: its outputs, its template, and the ids of the resources that moto made, by logical name.
 *
 * @returns {Promise<{ outputs: Record<string, string>, template: { Resources: Record<string, any> }, ids: Record<string, string> }>}
 */
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

/** A function as it is deployed: `fullName`, `image`, `variables`, `role` (its address), `memory`, `timeout`. */
export async function readFunction({ ask }, stage, name) {
  const fullName = `${stackName(stage)}-${name}`;
  const { Code, Configuration } = await ask('lambda', 'GetFunction', { FunctionName: fullName });
  const { Environment, Role: role, MemorySize: memory, Timeout: timeout } = Configuration;
  return { fullName, image: Code.ImageUri, variables: Environment.Variables, role, memory, timeout };
}

/** What a deployment can leave behind, by kind: the service, the command, the answer's list, and where an entry has its name. */
const lists = {
  functions: ['lambda', 'ListFunctions', 'Functions', 'FunctionName'],
  roles: ['iam', 'ListRoles', 'Roles', 'RoleName'],
  groups: ['cloudwatch-logs', 'DescribeLogGroups', 'logGroups', 'logGroupName'],
  rules: ['eventbridge', 'ListRules', 'Rules', 'Name'],
  topics: ['sns', 'ListTopics', 'Topics', 'TopicArn'],
  buckets: ['s3', 'ListBuckets', 'Buckets', 'Name'],
  repositories: ['ecr', 'DescribeRepositories', 'repositories', 'repositoryName'],
  queues: ['sqs', 'ListQueues', 'QueueUrls'],
  streams: ['firehose', 'ListDeliveryStreams', 'DeliveryStreamNames'],
  machines: ['sfn', 'ListStateMachines', 'stateMachines', 'name'],
  projects: ['codebuild', 'ListProjects', 'projects'],
  dashboards: ['cloudwatch', 'ListDashboards', 'DashboardEntries', 'DashboardName'],
};

/**
 * Lists the names of everything in the account that a deployment can leave behind, by kind.
 *
 * @returns {Promise<Record<string, string[]>>}
 */
export async function listEverything({ ask }) {
  const found = {};
  for (const [kind, [service, command, list, name]] of Object.entries(lists))
    found[kind] = ((await ask(service, command))[list] ?? []).map((one) => (name ? one[name] : one));
  return found;
}

/**
 * Lists the keys of a bucket below a prefix.
 *
 * @returns {Promise<string[]>}
 */
export async function listKeys({ ask }, Bucket, Prefix = '') {
  const { Contents = [] } = await ask('s3', 'ListObjectsV2', { Bucket, Prefix });
  return Contents.map(({ Key }) => Key);
}
