// What a deployment made, asked with the AWS SDK; and in the template what the emulator cannot make.
import assert from 'node:assert/strict';
import { readFunction, readStack, stackName } from './stack.mjs';

/** Who may take a role, and what it may do: one line for each action and resource. */
async function readRole({ ask }, RoleName) {
  const { Role } = await ask('iam', 'GetRole', { RoleName });
  const { PolicyNames } = await ask('iam', 'ListRolePolicies', { RoleName });
  const documents = await Promise.all(
    PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await ask('iam', 'GetRolePolicy', { RoleName, PolicyName });
      return JSON.parse(decodeURIComponent(PolicyDocument)).Statement;
    }),
  );
  const allowed = documents
    .flat()
    .flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource}`)),
    );
  const { Principal } = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument)).Statement[0];
  return { trusted: Principal.Service, allowed: allowed.sort() };
}

const typesOf = ({ Resources }) => Object.values(Resources).map(({ Type }) => Type);
const ofType = ({ Resources }, type) => Object.values(Resources).filter(({ Type }) => Type === type);

/** What moto's CloudFormation passes over, and checks below look at in the template. */
const onlyInTemplate = [
  ...['Api', 'Integration', 'Route', 'Stage'].map((name) => `AWS::ApiGatewayV2::${name}`),
  ...['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::CloudWatch::Alarm'],
  ...['AWS::Batch::ConsumableResource', 'AWS::Scheduler::Schedule'],
];

/** Everything else in the template exists. */
async function checkCompleteness(account, stage) {
  const { template, ids } = await readStack(account, stage);
  const missing = Object.entries(template.Resources)
    .filter(([name, { Type }]) => !(name in ids) && !onlyInTemplate.includes(Type))
    .map(([name]) => name);
  assert.deepEqual(missing, []);
  return `${Object.keys(ids).length} of ${typesOf(template).length} resources; the others are looked at in the template`;
}

async function checkFunctions(account, image) {
  for (const name of ['predict', 'promote']) {
    const deployed = await readFunction(account, 'dev', name);
    assert.equal(deployed.image, image);
    assert.match(
      deployed.role,
      new RegExp(`role/${stackName('dev')}-${name === 'predict' ? 'Predict' : 'Promote'}Role-`),
    );
  }
  const { memory, timeout } = await readFunction(account, 'dev', 'predict');
  assert.deepEqual({ memory, timeout }, { memory: 1769, timeout: 29 });
  return image.split('@')[1].slice(0, 19);
}

async function checkRoles(account, { ids, outputs }) {
  const bucket = `arn:aws:s3:::${outputs.ModelBucketName}`;
  // In AWS a log group's address ends with :*, in moto it does not.
  const group = (name) => `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${stackName('dev')}-${name}`;
  const logs = (name) => [`logs:CreateLogStream ${group(name)}`, `logs:PutLogEvents ${group(name)}`];
  const reads = ['current.json', 'versions/*'].map((key) => `s3:GetObject ${bucket}/dev/${key}`);
  const trusted = 'lambda.amazonaws.com';
  assert.deepEqual(await readRole(account, ids.PredictRole), {
    trusted,
    allowed: [...logs('predict'), ...reads].sort(),
  });
  const writes = ['current.json', 'versions/*/verdict.json'].map((key) => `s3:PutObject ${bucket}/dev/${key}`);
  const others = [`s3:ListBucket ${bucket}`, `sns:Publish ${ids.Notifications}`];
  assert.deepEqual(await readRole(account, ids.PromoteRole), {
    trusted,
    allowed: [...logs('promote'), ...reads, ...writes, ...others].sort(),
  });
}

async function checkEvents({ ask }, { outputs }) {
  const Name = `${stackName('dev')}-promote-rule-1`;
  const { EventPattern, State } = await ask('eventbridge', 'DescribeRule', { Name });
  const { Targets } = await ask('eventbridge', 'ListTargetsByRule', { Rule: Name });
  assert.deepEqual(JSON.parse(EventPattern).detail, {
    bucket: { name: [outputs.ModelBucketName] },
    object: { key: [{ wildcard: 'dev/versions/*/manifest.json' }] },
  });
  assert.equal(State, 'ENABLED');
  assert.deepEqual(
    Targets.map(({ Arn }) => Arn),
    [`arn:aws:lambda:us-east-1:123456789012:function:${stackName('dev')}-promote`],
  );
}

async function checkWatching({ ask }, { outputs }) {
  const { logGroups } = await ask('cloudwatch-logs', 'DescribeLogGroups');
  const kept = Object.fromEntries(
    logGroups.map(({ logGroupName, retentionInDays }) => [logGroupName, retentionInDays]),
  );
  const names = [
    `/aws/http-api/${stackName('dev')}`,
    ...['predict', 'promote'].map((name) => `/aws/lambda/${stackName('dev')}-${name}`),
  ];
  assert.deepEqual(kept, Object.fromEntries(names.map((name) => [name, 14])));
  const { DashboardBody } = await ask('cloudwatch', 'GetDashboard', { DashboardName: stackName('dev') });
  assert.ok(JSON.parse(DashboardBody).widgets.length >= 10);
  await ask('sns', 'GetTopicAttributes', { TopicArn: outputs.NotificationsTopic });
}

async function checkBucket({ ask }, { outputs, template }) {
  const Bucket = outputs.ModelBucketName;
  const { ServerSideEncryptionConfiguration } = await ask('s3', 'GetBucketEncryption', { Bucket });
  assert.equal(ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm, 'AES256');
  // moto reads no more than that from a template.
  const { DeletionPolicy, UpdateReplacePolicy, Properties } = template.Resources.ModelBucket;
  assert.deepEqual([DeletionPolicy, UpdateReplacePolicy, Properties.BucketName], ['Retain', 'Retain', undefined]);
  assert.equal(Properties.VersioningConfiguration.Status, 'Enabled');
  assert.ok(Object.values(Properties.PublicAccessBlockConfiguration).every((value) => value === true));
  assert.equal(Properties.NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled, true);
  const sids = template.Resources.ModelBucketPolicy.Properties.PolicyDocument.Statement.map(({ Sid }) => Sid);
  assert.deepEqual(sids, ['OnlyOverTls', 'VersionsAreCreatedOnce', 'PointerIsComparedAndSwapped']);
}

function checkApi({ template }) {
  const [{ Properties: route }] = ofType(template, 'AWS::ApiGatewayV2::Route');
  assert.deepEqual([route.RouteKey, route.AuthorizationType ?? 'NONE'], ['$default', 'NONE']);
  const [{ Properties: integration }] = ofType(template, 'AWS::ApiGatewayV2::Integration');
  assert.deepEqual(
    [integration.IntegrationType, integration.PayloadFormatVersion, integration.IntegrationUri],
    ['AWS_PROXY', '2.0', { 'Fn::GetAtt': ['PredictLambdaFunction', 'Arn'] }],
  );
  const [{ Properties: stage }] = ofType(template, 'AWS::ApiGatewayV2::Stage');
  assert.deepEqual([stage.StageName, stage.AutoDeploy], ['$default', true]);
  assert.deepEqual(
    [stage.DefaultRouteSettings.ThrottlingRateLimit, stage.DefaultRouteSettings.ThrottlingBurstLimit],
    [10, 20],
  );
  assert.doesNotMatch(stage.AccessLogSettings.Format, /path|query|header/i);
}

/** Checks of the stage `dev` with its defaults. `image` is what was pushed, by its digest. */
export async function checkResources({ check, account, image }) {
  const stack = await readStack(account, 'dev');
  await check('everything that the emulator knows was made', () => checkCompleteness(account, 'dev'));
  await check('both functions run the pushed digest, each in a role of its own', () => checkFunctions(account, image));
  await check('the roles allow what is listed here and nothing else', () => checkRoles(account, stack));
  await check('a new manifest in the bucket calls promote', () => checkEvents(account, stack));
  await check('logs are kept for 14 days; there is a dashboard and a topic', () => checkWatching(account, stack));
  await check('the bucket is encrypted; by template private, versioned, retained, its versions create-only', () =>
    checkBucket(account, stack),
  );
  await check('by template: one catch-all route, payload 2.0, throttled, no text in the access log', () =>
    checkApi(stack),
  );
  await check('Serverless made a repository that keeps the newest 30 images', async () => {
    const repositoryName = image.split('@')[0].split('/').slice(1).join('/');
    const { lifecyclePolicyText } = await account.ask('ecr', 'GetLifecyclePolicy', { repositoryName });
    assert.equal(JSON.parse(lifecyclePolicyText).rules[0].selection.countNumber, 30);
    return repositoryName;
  });
}

/** Checks of the stage `prod` in dev's bucket, with training. */
export async function checkTraining({ check, account, bucket }) {
  const stack = await readStack(account, 'prod');
  await check('everything that the emulator knows was made for prod', () => checkCompleteness(account, 'prod'));
  await check('two stages share a bucket under two prefixes', async () => {
    const uris = await Promise.all(['dev', 'prod'].map((stage) => readFunction(account, stage, 'predict')));
    assert.deepEqual(
      uris.map(({ variables }) => variables.MODEL_URI),
      [`s3://${bucket}/dev`, `s3://${bucket}/prod`],
    );
    assert.equal(stack.template.Resources.ModelBucket, undefined);
  });
  await check('training: a queue over Spot, then on demand, of no machines while nobody trains', async () => {
    const { computeEnvironments } = await account.ask('batch', 'DescribeComputeEnvironments');
    const { jobQueues } = await account.ask('batch', 'DescribeJobQueues');
    const kinds = jobQueues[0].computeEnvironmentOrder.map(({ computeEnvironment }) => {
      const { computeResources } = computeEnvironments.find((one) => one.computeEnvironmentArn === computeEnvironment);
      return [computeResources.type, computeResources.minvCpus];
    });
    assert.deepEqual(kinds, [
      ['SPOT', 0],
      ['EC2', 0],
    ]);
  });
  await check('training: a job of one GPU in its own role', async () => {
    const { jobDefinitions } = await account.ask('batch', 'DescribeJobDefinitions');
    const { containerProperties } = jobDefinitions[0];
    assert.equal(containerProperties.readonlyRootFilesystem, true);
    assert.equal(containerProperties.user, 'bert');
    // moto keeps these under names that the SDK does not read.
    const { ResourceRequirements } = stack.template.Resources.TrainingJob.Properties.ContainerProperties;
    assert.deepEqual([ResourceRequirements[0].Type, String(ResourceRequirements[0].Value)], ['GPU', '1']);
    assert.match(containerProperties.jobRoleArn, /TrainingJobRole/);
  });
  await check('by template: prod signs its callers in, and trains on Sundays', () => {
    const [{ Properties: route }] = ofType(stack.template, 'AWS::ApiGatewayV2::Route');
    assert.equal(route.AuthorizationType, 'AWS_IAM');
    const [{ Properties: schedule }] = ofType(stack.template, 'AWS::Scheduler::Schedule');
    assert.equal(schedule.ScheduleExpression, 'cron(0 3 ? * SUN *)');
    assert.match(JSON.stringify(schedule.Target.Arn), /scheduler:::aws-sdk:batch:submitJob/);
  });
}
