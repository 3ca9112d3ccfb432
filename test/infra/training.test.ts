import { tagOf } from '../../infra/built-image.mjs';
import { trainingImage } from './serverless.mjs';
import { at, everything, type JsonObject, listOf, namesOfType, propertiesOf, synthesize, textOf } from './template.ts';

const template = synthesize('prod', everything);
const trainingTag = tagOf({ parameter: 'trainingImage', root: process.cwd(), platform: 'linux/amd64' });
const job = propertiesOf(template, 'TrainingJob');
const container = job.ContainerProperties as JsonObject;

describe('training in an account', () => {
  it.each([
    ['dev', {}],
    ['prod', { trainingImage: 'off' }],
  ])('is not there in %s with %o', (stage, params) => {
    const types = Object.values(synthesize(stage, params).Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /Batch|Scheduler|EC2/.test(type))).toEqual([]);
  });

  it.each([
    ['prod', {}],
    ['dev', { trainingImage: 'build' }],
  ])('uses the image of its content in %s with %o, from the repository of the stage', (stage, params) => {
    const built = synthesize(stage, params);
    const name = `serverless-serverless-bert-${stage}`;
    expect(textOf(at(propertiesOf(built, 'TrainingJob'), 'ContainerProperties', 'Image'))).toBe(
      `<AWS::AccountId>.dkr.ecr.<AWS::Region>.<AWS::URLSuffix>/${name}:${trainingTag}`,
    );
    const statements = listOf(
      at(propertiesOf(built, 'TrainingExecutionRole'), 'Policies', 0, 'PolicyDocument', 'Statement'),
    );
    expect(textOf(at(statements[1], 'Resource'))).toBe(
      `arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/${name}`,
    );
  });

  it('runs on a schedule in prod, and only by hand in dev', () => {
    expect(propertiesOf(template, 'TrainingSchedule').ScheduleExpression).toBe('cron(0 3 ? * SUN *)');
    expect(namesOfType(synthesize('dev', { trainingImage }), 'AWS::Scheduler::Schedule')).toEqual([]);
    expect(namesOfType(synthesize('dev', { trainingImage }), 'AWS::Batch::JobQueue')).toEqual(['TrainingQueue']);
  });

  it('has nothing that is billed by the hour while no training runs', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(
      types.filter((type) => /NatGateway|EIP|VPCEndpoint|LoadBalanc|Instance$|Cluster|FileSystem/.test(type)),
    ).toEqual([]);
    for (const name of namesOfType(template, 'AWS::Batch::ComputeEnvironment'))
      expect(at(propertiesOf(template, name), 'ComputeResources', 'MinvCpus')).toBe(0);
  });
});

describe('the machines', () => {
  it('are Spot first, and on demand if Spot has none', () => {
    const order = listOf(propertiesOf(template, 'TrainingQueue').ComputeEnvironmentOrder);
    expect(order.map((entry) => textOf(at(entry, 'ComputeEnvironment')))).toEqual([
      '<TrainingSpotEnvironment>',
      '<TrainingOnDemandEnvironment>',
    ]);
    const kindOf = (name: string) => at(propertiesOf(template, name), 'ComputeResources') as JsonObject;
    expect(kindOf('TrainingSpotEnvironment')).toMatchObject({
      Type: 'SPOT',
      AllocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
    });
    expect(kindOf('TrainingOnDemandEnvironment')).toMatchObject({
      Type: 'EC2',
      AllocationStrategy: 'BEST_FIT_PROGRESSIVE',
    });
  });

  it.each(['TrainingSpotEnvironment', 'TrainingOnDemandEnvironment'])('are updated in place: %s', (name) => {
    const environment = propertiesOf(template, name);
    // Batch updates in place only without a service role of ours and without a name.
    expect(environment).not.toHaveProperty('ServiceRole');
    expect(environment).not.toHaveProperty('ComputeEnvironmentName');
    expect(environment).toMatchObject({ Type: 'MANAGED', ReplaceComputeEnvironment: false });
    expect(environment.UpdatePolicy).toMatchObject({ TerminateJobsOnUpdate: false });
    expect(environment.ComputeResources).toMatchObject({
      UpdateToLatestImageVersion: true,
      Ec2Configuration: [{ ImageType: 'ECS_AL2023_NVIDIA' }],
      InstanceTypes: ['g6.xlarge', 'g5.xlarge'],
      MaxvCpus: 4,
      Subnets: { Ref: 'TrainingSubnets' },
    });
  });

  it('require IMDSv2, encrypt their disk, and drain on the Spot notice', () => {
    const data = propertiesOf(template, 'TrainingLaunchTemplate').LaunchTemplateData;
    expect(at(data, 'MetadataOptions')).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 2 });
    expect(at(data, 'BlockDeviceMappings', 0, 'Ebs')).toMatchObject({ Encrypted: true, VolumeSize: 100 });
    const script = String(at(data, 'UserData', 'Fn::Base64'));
    expect(script).toMatch(/^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="==PART=="\n\n--==PART==\n/);
    expect(script).toContain('echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config\n');
    expect(script.trimEnd()).toMatch(/--==PART==--$/);
  });

  it('accept no connections, and connect by HTTPS only', () => {
    const group = propertiesOf(template, 'TrainingSecurityGroup');
    expect(group).not.toHaveProperty('SecurityGroupIngress');
    expect(group.SecurityGroupEgress).toEqual([
      expect.objectContaining({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }),
    ]);
  });

  it('use the network that the deployment has found', () => {
    expect(template.Parameters).toEqual({
      TrainingVpc: { Type: 'AWS::EC2::VPC::Id' },
      TrainingSubnets: { Type: 'List<AWS::EC2::Subnet::Id>' },
    });
    expect(synthesize('prod', { trainingImage: 'off' }).Parameters).toBeUndefined();
  });

  it('have a limit on the time that a run waits for them', () => {
    const actions = listOf(propertiesOf(template, 'TrainingQueue').JobStateTimeLimitActions) as JsonObject[];
    expect(actions).toContainEqual({
      Reason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
      State: 'RUNNABLE',
      MaxTimeSeconds: 6 * 3600,
      Action: 'CANCEL',
    });
    expect(actions.every(({ Action }) => Action === 'CANCEL')).toBe(true);
  });
});

describe('a run', () => {
  it('is the training container with its tutorial command, one GPU and shared memory', () => {
    expect(container).toMatchObject({ Image: trainingImage, Command: ['python3', 'train.py'] });
    expect(container.ResourceRequirements).toEqual([
      { Type: 'GPU', Value: 1 },
      { Type: 'VCPU', Value: 4 },
      { Type: 'MEMORY', Value: 14000 },
    ]);
    expect(container.LinuxParameters).toEqual({ InitProcessEnabled: true, SharedMemorySize: 4096 });
  });

  it('can write only to its scratch volume, and is not root', () => {
    expect(container).toMatchObject({ ReadonlyRootFilesystem: true, Privileged: false });
    expect(container.User).toMatch(/^(?!root|0)[a-z0-9]+$/);
    expect(container.Volumes).toEqual([{ Name: 'scratch', Host: {} }]);
    expect(container.MountPoints).toEqual([{ SourceVolume: 'scratch', ContainerPath: '/tmp', ReadOnly: false }]);
    const caches = (container.Environment as JsonObject[]).filter(({ Name }) => /CACHE|TMPDIR/.test(String(Name)));
    expect(caches.every(({ Value }) => String(Value).startsWith('/tmp'))).toBe(true);
  });

  it('gets its locations as settings, all in the prefix of the stage', () => {
    const entries = (container.Environment as JsonObject[]).map(({ Name, Value }) => [Name, textOf(Value)]);
    expect(Object.fromEntries(entries)).toMatchObject({
      TRAINING_FILE: 's3://<ModelBucket>/prod/training/data/imdb.csv',
      VALIDATION_FILE: 's3://<ModelBucket>/prod/training/data/valid.csv',
      BERT_PATH: 's3://<ModelBucket>/prod/training/base/bert_base_uncased',
      MODEL_PATH: 's3://<ModelBucket>/prod',
      CHECKPOINT_PATH: 's3://<ModelBucket>/prod/training/checkpoints',
    });
  });

  it('validates on a share of its rows if no file is named', () => {
    const { ContainerProperties } = propertiesOf(synthesize('prod', { trainingImage }), 'TrainingJob');
    const variables = listOf(at(ContainerProperties, 'Environment')) as JsonObject[];
    expect(variables.map(({ Name }) => Name)).not.toContain('VALIDATION_FILE');
    expect(variables).toContainEqual({ Ref: 'AWS::NoValue' });
  });

  it('takes more flags by parameter', () => {
    const { ContainerProperties } = propertiesOf(
      synthesize('dev', { trainingImage, trainingArguments: '--epochs 3 --max-len 256', trainingGpus: '4' }),
      'TrainingJob',
    );
    // One process for each GPU: without them, all but one would idle.
    const command = ['python3', 'train.py', '--processes', '0', '--epochs', '3', '--max-len', '256'];
    expect(at(ContainerProperties, 'Command')).toEqual(command);
    expect(at(ContainerProperties, 'ResourceRequirements', 0)).toEqual({ Type: 'GPU', Value: 4 });
  });

  it('has another attempt only after its host was reclaimed', () => {
    expect(job.RetryStrategy).toEqual({
      Attempts: 5,
      EvaluateOnExit: [
        { OnStatusReason: 'Host EC2*', Action: 'RETRY' },
        { OnExitCode: '143', Action: 'RETRY' },
        { OnReason: '*', Action: 'EXIT' },
      ],
    });
  });

  it('has a time limit, and never runs beside another run', () => {
    expect(job.Timeout).toEqual({ AttemptDurationSeconds: 12 * 3600 });
    expect(job.ConsumableResourceProperties).toEqual({
      ConsumableResourceList: [{ ConsumableResource: { Ref: 'TrainingLock' }, Quantity: 1 }],
    });
    expect(propertiesOf(template, 'TrainingLock')).toEqual({ ResourceType: 'REPLENISHABLE', TotalQuantity: 1 });
  });

  it('logs to a group with a retention', () => {
    expect(textOf(at(container, 'LogConfiguration', 'Options', 'awslogs-group'))).toBe('<TrainingLogGroup>');
    expect(propertiesOf(template, 'TrainingLogGroup').RetentionInDays).toBe(90);
  });
});

describe('the schedule', () => {
  it('submits the job to the queue directly, without a function', () => {
    const { Target, FlexibleTimeWindow, ScheduleExpressionTimezone } = propertiesOf(template, 'TrainingSchedule');
    expect(textOf(at(Target, 'Arn'))).toBe('arn:<AWS::Partition>:scheduler:::aws-sdk:batch:submitJob');
    expect(JSON.parse(textOf(at(Target, 'Input')))).toEqual({
      JobName: 'serverless-bert-prod-scheduled',
      JobQueue: '<TrainingQueue>',
      JobDefinition: '<TrainingJob>',
    });
    expect({ FlexibleTimeWindow, ScheduleExpressionTimezone }).toEqual({
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpressionTimezone: 'UTC',
    });
  });
});
