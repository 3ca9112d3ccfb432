// What a deployment made, asked with the AWS SDK, and in the template what the emulator cannot make.
import { readFunction, readStack, stackName, type startAccount } from './account.mjs';

type Account = Awaited<ReturnType<typeof startAccount>>;
type Stack = Awaited<ReturnType<typeof readStack>>;
interface Statement {
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

/** Who may take a role, and what it may do: one line for each action and resource. */
async function readRole({ ask }: Account, RoleName: string | undefined) {
  const { Role } = await ask('iam', 'GetRole', { RoleName });
  const { PolicyNames } = await ask('iam', 'ListRolePolicies', { RoleName });
  const allowed: string[] = [];
  for (const PolicyName of PolicyNames) {
    const { PolicyDocument } = await ask('iam', 'GetRolePolicy', { RoleName, PolicyName });
    const statements: Statement[] = JSON.parse(decodeURIComponent(PolicyDocument)).Statement;
    for (const { Action, Resource } of statements)
      for (const action of [Action].flat()) allowed.push(...[Resource].flat().map((one) => `${action} ${one}`));
  }
  const { Principal } = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument)).Statement[0];
  return { trusted: Principal.Service, allowed: allowed.sort() };
}

/** The properties of the template's first resource of a type. */
const propertiesOf = ({ template }: Stack, type: string) =>
  Object.values(template.Resources).find(({ Type }) => Type === type).Properties;

/** What moto's CloudFormation passes over. Tests below look at most of it in the template. */
const onlyInTemplate = [
  ...['Api', 'Integration', 'Route', 'Stage'].map((name) => `AWS::ApiGatewayV2::${name}`),
  ...['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy', 'AWS::CloudWatch::Alarm'],
  'AWS::Logs::LogStream',
  ...['AWS::Batch::ConsumableResource', 'AWS::Scheduler::Schedule'],
];

async function expectCompleteness(account: Account, stage: string) {
  const { template, ids } = await readStack(account, stage);
  const missing = Object.entries(template.Resources)
    .filter(([name, { Type }]) => !(name in ids) && !onlyInTemplate.includes(Type))
    .map(([name]) => name);
  expect(missing).toEqual([]);
}

/** Tests of the stage `dev` with its defaults. `findImage` gives what was pushed, by its digest. */
export function testDevResources(account: Account, findImage: () => string): void {
  const { ask } = account;
  const readDev = () => readStack(account, 'dev');

  it('makes all resources that the emulator supports', () => expectCompleteness(account, 'dev'));

  it('runs the pushed digest in both functions, each with its own role', async () => {
    for (const [name, role] of [
      ['predict', 'PredictRole'],
      ['promote', 'PromoteRole'],
    ] as const) {
      const deployed = await readFunction(account, 'dev', name);
      expect(deployed.image).toBe(findImage());
      expect(deployed.role).toContain(`role/${stackName('dev')}-${role}-`);
    }
    expect(await readFunction(account, 'dev', 'predict')).toMatchObject({ memory: 1769, timeout: 29 });
  });

  it('makes roles that allow what is listed here and nothing else', async () => {
    const { ids, outputs } = await readDev();
    const bucket = `arn:aws:s3:::${outputs.ModelBucketName}`;
    // In AWS a log group's address ends with :*, in moto it does not.
    const group = (name: string) =>
      `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${stackName('dev')}-${name}`;
    const logs = (name: string) => [`logs:CreateLogStream ${group(name)}`, `logs:PutLogEvents ${group(name)}`];
    const reads = ['current.json', 'versions/*'].map((key) => `s3:GetObject ${bucket}/dev/${key}`);
    const writes = ['current.json', 'versions/*/verdict.json'].map((key) => `s3:PutObject ${bucket}/dev/${key}`);
    const others = [`s3:ListBucket ${bucket}`, `sns:Publish ${ids.Notifications}`];
    const trusted = 'lambda.amazonaws.com';
    expect(await readRole(account, ids.PredictRole)).toEqual({
      trusted,
      allowed: [...logs('predict'), ...reads].sort(),
    });
    expect(await readRole(account, ids.PromoteRole)).toEqual({
      trusted,
      allowed: [...logs('promote'), ...reads, ...writes, ...others].sort(),
    });
  });

  it('calls promote for a new manifest in the bucket', async () => {
    const rule = `${stackName('dev')}-promote-rule-1`;
    const { EventPattern, State } = await ask('eventbridge', 'DescribeRule', { Name: rule });
    const { Targets } = await ask('eventbridge', 'ListTargetsByRule', { Rule: rule });
    expect(JSON.parse(EventPattern).detail).toEqual({
      bucket: { name: [(await readDev()).outputs.ModelBucketName] },
      object: { key: [{ wildcard: 'dev/versions/*/manifest.json' }] },
    });
    expect(State).toBe('ENABLED');
    const promote = `arn:aws:lambda:us-east-1:123456789012:function:${stackName('dev')}-promote`;
    expect(Targets).toEqual([expect.objectContaining({ Arn: promote })]);
  });

  it('keeps logs for 14 days, and makes a dashboard and a topic', async () => {
    const { logGroups } = await ask('cloudwatch-logs', 'DescribeLogGroups');
    const days = new Map(
      logGroups.map((one: { logGroupName: string; retentionInDays: number }) => [
        one.logGroupName,
        one.retentionInDays,
      ]),
    );
    const names = ['predict', 'promote', 'stream'].map((name) => `/aws/lambda/${stackName('dev')}-${name}`);
    names.push(`/aws/http-api/${stackName('dev')}`, `/aws/kinesisfirehose/${stackName('dev')}-stream`);
    expect([...days.keys()]).toEqual(expect.arrayContaining(names));
    expect(new Set(days.values())).toEqual(new Set([14]));
    const { DashboardBody } = await ask('cloudwatch', 'GetDashboard', { DashboardName: stackName('dev') });
    expect(JSON.parse(DashboardBody).widgets.length).toBeGreaterThanOrEqual(10);
    await ask('sns', 'GetTopicAttributes', { TopicArn: (await readDev()).outputs.NotificationsTopic });
  });

  it('encrypts the bucket; by template it is private, versioned, retained, its versions create-only', async () => {
    const { outputs, template } = await readDev();
    const encryption = await ask('s3', 'GetBucketEncryption', { Bucket: outputs.ModelBucketName });
    const [{ ApplyServerSideEncryptionByDefault }] = encryption.ServerSideEncryptionConfiguration.Rules;
    expect(ApplyServerSideEncryptionByDefault.SSEAlgorithm).toBe('AES256');
    // moto reads no more than that from a template.
    const { ModelBucket, ModelBucketPolicy } = template.Resources;
    expect(ModelBucket).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      },
    });
    expect(ModelBucket.Properties.BucketName).toBeUndefined();
    expect(new Set(Object.values(ModelBucket.Properties.PublicAccessBlockConfiguration))).toEqual(new Set([true]));
    expect(ModelBucketPolicy.Properties.PolicyDocument.Statement).toMatchObject(
      ['OnlyOverTls', 'VersionsAreCreatedOnce', 'PointerIsComparedAndSwapped'].map((Sid) => ({ Sid })),
    );
  });

  it('has one catch-all route in the template, with payload 2.0, throttled, with no text in the access log', async () => {
    const stack = await readDev();
    const route = propertiesOf(stack, 'AWS::ApiGatewayV2::Route');
    expect([route.RouteKey, route.AuthorizationType ?? 'NONE']).toEqual(['$default', 'NONE']);
    expect(propertiesOf(stack, 'AWS::ApiGatewayV2::Integration')).toMatchObject({
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
      IntegrationUri: { 'Fn::GetAtt': ['PredictLambdaFunction', 'Arn'] },
    });
    expect(propertiesOf(stack, 'AWS::ApiGatewayV2::Stage')).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
      AccessLogSettings: { Format: expect.not.stringMatching(/path|query|header/i) },
    });
  });

  it('makes a repository that keeps the newest 30 images, and of those for training 5', async () => {
    const repositoryName = findImage().split('@')[0]?.split('/').slice(1).join('/');
    const { lifecyclePolicyText } = await ask('ecr', 'GetLifecyclePolicy', { repositoryName });
    const counts = JSON.parse(lifecyclePolicyText).rules.map(
      ({ selection }: { selection: { countNumber: number } }) => selection.countNumber,
    );
    expect(counts).toEqual([5, 30]);
  });
}

/** Tests of the stage `prod` in dev's bucket, with training. `findImage` gives the training image that was pushed. */
export function testProdResources(account: Account, findBucket: () => string, findImage: () => string): void {
  const { ask } = account;

  it('makes all resources that the emulator supports', () => expectCompleteness(account, 'prod'));

  it('shares the bucket with dev under another prefix', async () => {
    for (const stage of ['dev', 'prod'])
      expect((await readFunction(account, stage, 'predict')).variables.MODEL_URI).toBe(`s3://${findBucket()}/${stage}`);
    expect((await readStack(account, 'prod')).template.Resources).not.toHaveProperty('ModelBucket');
  });

  it('makes a queue over Spot, then on demand, without machines while no training runs', async () => {
    const { computeEnvironments } = await ask('batch', 'DescribeComputeEnvironments');
    const { jobQueues } = await ask('batch', 'DescribeJobQueues');
    const order: { computeEnvironment: string }[] = jobQueues[0].computeEnvironmentOrder;
    const find = (arn: string) =>
      computeEnvironments.find((one: { computeEnvironmentArn: string }) => one.computeEnvironmentArn === arn);
    expect(order.map(({ computeEnvironment }) => find(computeEnvironment).computeResources)).toMatchObject([
      { type: 'SPOT', minvCpus: 0 },
      { type: 'EC2', minvCpus: 0 },
    ]);
  });

  it('makes a job of one GPU in its own role', async () => {
    const { jobDefinitions } = await ask('batch', 'DescribeJobDefinitions');
    expect(jobDefinitions[0].containerProperties).toMatchObject({
      image: findImage(),
      readonlyRootFilesystem: true,
      user: 'bert',
      jobRoleArn: expect.stringContaining('TrainingJobRole'),
    });
    // moto keeps these under names that the SDK does not read.
    const { TrainingJob } = (await readStack(account, 'prod')).template.Resources;
    const [{ Type, Value }] = TrainingJob.Properties.ContainerProperties.ResourceRequirements;
    expect([Type, String(Value)]).toEqual(['GPU', '1']);
  });

  it('reserves no concurrency in an account that has none to spare', async () => {
    const { PredictLambdaFunction } = (await readStack(account, 'prod')).template.Resources;
    expect(PredictLambdaFunction.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('lets the machine pull from the repository of the image, and from no other', async () => {
    const { ids } = await readStack(account, 'prod');
    const { allowed } = await readRole(account, ids.TrainingExecutionRole);
    const name = findImage().split('@')[0]?.split('/').slice(1).join('/');
    const pulls = allowed.filter((line) => line.startsWith('ecr:') && !line.endsWith(' *'));
    expect(new Set(pulls.map((line) => line.split(' ')[1]))).toEqual(
      new Set([`arn:aws:ecr:us-east-1:123456789012:repository/${name}`]),
    );
  });

  it('requires signed requests in the template, and trains on Sundays', async () => {
    const stack = await readStack(account, 'prod');
    expect(propertiesOf(stack, 'AWS::ApiGatewayV2::Route').AuthorizationType).toBe('AWS_IAM');
    const schedule = propertiesOf(stack, 'AWS::Scheduler::Schedule');
    expect(schedule.ScheduleExpression).toBe('cron(0 3 ? * SUN *)');
    expect(JSON.stringify(schedule.Target.Arn)).toMatch(/scheduler:::aws-sdk:batch:submitJob/);
  });
}
