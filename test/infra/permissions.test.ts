import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  at,
  everything,
  type JsonObject,
  listOf,
  namesOfType,
  propertiesOf,
  synthesize,
  type Template,
  textOf,
} from './template.ts';

interface Permission {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

interface Wildcard extends Permission {
  readonly reason: string;
}

const template = synthesize('prod', everything);
const wildcards = parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'infra', 'wildcards.yml'), 'utf8'),
) as readonly Wildcard[];

const shorten = (resource: string) => resource.replace('<ModelBucket.Arn>/prod/', '<bucket>/<prefix>/');

const permissionsOfStatement = (role: string, statement: JsonObject): Permission[] =>
  listOf(statement.Action).flatMap((action) =>
    listOf(statement.Resource).map((resource) => ({
      role,
      action: textOf(action),
      resource: shorten(textOf(resource)),
    })),
  );

const statementsOf = (properties: JsonObject): JsonObject[] => {
  const documents = [
    ...listOf(properties.Policies).map((policy) => at(policy, 'PolicyDocument')),
    properties.PolicyDocument,
  ];
  return documents.flatMap((document) => listOf(at(document, 'Statement'))) as JsonObject[];
};

const managedPoliciesOf = (role: string, properties: JsonObject): Permission[] =>
  listOf(properties.ManagedPolicyArns).map((arn) => ({
    role,
    action: 'managed policy',
    resource: textOf(arn).split('/').at(-1) ?? '',
  }));

const policyTypes = ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'];

/** Every action that a role of the template is allowed, with the resource. */
const listAllowed = (from: Template): Permission[] =>
  policyTypes
    .flatMap((type) => namesOfType(from, type))
    .flatMap((name) => [
      ...managedPoliciesOf(name, propertiesOf(from, name)),
      ...statementsOf(propertiesOf(from, name))
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap((statement) => permissionsOfStatement(name, statement)),
    ]);

const isWildcard = ({ action, resource }: Permission) =>
  `${action} ${resource}`.includes('*') || action === 'managed policy';
const lineOf = ({ role, action, resource }: Permission) => `${role}: ${action} on ${resource}`;
const linesOf = (role: string) =>
  listAllowed(template)
    .filter((permission) => permission.role === role)
    .map(lineOf);

describe('the permissions of a role', () => {
  it('are exactly this list', () => {
    expect(listAllowed(template).map(lineOf).sort()).toEqual([
      'BulkJoinRole: logs:CreateLogStream on <BulkJoinLogGroup.Arn>',
      'BulkJoinRole: logs:PutLogEvents on <BulkJoinLogGroup.Arn>',
      'BulkJoinRole: s3:AbortMultipartUpload on <bucket>/<prefix>/bulk/out/*.csv.gz',
      'BulkJoinRole: s3:GetObject on <bucket>/<prefix>/bulk/out/*.csv.gz',
      'BulkJoinRole: s3:GetObject on <bucket>/<prefix>/bulk/work/*',
      'BulkJoinRole: s3:ListBucket on <ModelBucket.Arn>',
      'BulkJoinRole: s3:PutObject on <bucket>/<prefix>/bulk/out/*.csv.gz',
      'BulkJoinRole: s3:PutObject on <bucket>/<prefix>/bulk/out/*.summary.json',
      'BulkMachineRole: lambda:InvokeFunction on <BulkJoinLambdaFunction.Arn>',
      'BulkMachineRole: lambda:InvokeFunction on <BulkScoreLambdaFunction.Arn>',
      'BulkMachineRole: lambda:InvokeFunction on <BulkSplitLambdaFunction.Arn>',
      'BulkMachineRole: s3:AbortMultipartUpload on <bucket>/<prefix>/bulk/work/reports/*',
      'BulkMachineRole: s3:GetObject on <bucket>/<prefix>/bulk/work/*/batches.json',
      'BulkMachineRole: s3:GetObject on <bucket>/<prefix>/bulk/work/reports/*',
      'BulkMachineRole: s3:ListMultipartUploadParts on <bucket>/<prefix>/bulk/work/reports/*',
      'BulkMachineRole: s3:PutObject on <bucket>/<prefix>/bulk/work/reports/*',
      'BulkMachineRole: sns:Publish on <Notifications>',
      'BulkMachineRole: states:DescribeExecution on arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:serverless-bert-prod-bulk/*',
      'BulkMachineRole: states:RedriveExecution on arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:serverless-bert-prod-bulk/*',
      'BulkMachineRole: states:StartExecution on arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:serverless-bert-prod-bulk',
      'BulkMachineRole: states:StopExecution on arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:serverless-bert-prod-bulk/*',
      'BulkRuleRole: states:StartExecution on <BulkMachine>',
      'BulkScoreRole: logs:CreateLogStream on <BulkScoreLogGroup.Arn>',
      'BulkScoreRole: logs:PutLogEvents on <BulkScoreLogGroup.Arn>',
      'BulkScoreRole: s3:GetObject on <bucket>/<prefix>/bulk/work/*',
      'BulkScoreRole: s3:GetObject on <bucket>/<prefix>/versions/*',
      'BulkScoreRole: s3:ListBucket on <ModelBucket.Arn>',
      'BulkScoreRole: s3:PutObject on <bucket>/<prefix>/bulk/work/*/scores/*',
      'BulkSplitRole: logs:CreateLogStream on <BulkSplitLogGroup.Arn>',
      'BulkSplitRole: logs:PutLogEvents on <BulkSplitLogGroup.Arn>',
      'BulkSplitRole: s3:GetObject on <bucket>/<prefix>/bulk/in/*',
      'BulkSplitRole: s3:GetObject on <bucket>/<prefix>/bulk/out/*.run.json',
      'BulkSplitRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'BulkSplitRole: s3:GetObject on <bucket>/<prefix>/versions/*/manifest.json',
      'BulkSplitRole: s3:ListBucket on <ModelBucket.Arn>',
      'BulkSplitRole: s3:PutObject on <bucket>/<prefix>/bulk/out/*.run.json',
      'BulkSplitRole: s3:PutObject on <bucket>/<prefix>/bulk/work/*',
      'CanaryPolicy: cloudwatch:DescribeAlarms on <CandidateErrorAlarm.Arn>',
      'CanaryPolicy: cloudwatch:DescribeAlarms on <CandidateLatencyAlarm.Arn>',
      'CanaryPolicy: cloudwatch:DescribeAlarms on <CandidateLoadAlarm.Arn>',
      'CanaryPolicy: cloudwatch:DescribeAlarms on <ErrorRateAlarm.Arn>',
      'DriftRole: cloudwatch:GetMetricData on *',
      'DriftRole: logs:CreateLogStream on <DriftLogGroup.Arn>',
      'DriftRole: logs:PutLogEvents on <DriftLogGroup.Arn>',
      'DriftRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'DriftRole: s3:GetObject on <bucket>/<prefix>/versions/*/manifest.json',
      'DriftRole: s3:ListBucket on <ModelBucket.Arn>',
      'DriftRole: sns:Publish on <Notifications>',
      'FeedbackDeliveryRole: logs:PutLogEvents on <FeedbackDeliveryLogGroup.Arn>',
      'FeedbackDeliveryRole: s3:AbortMultipartUpload on <bucket>/<prefix>/feedback/*',
      'FeedbackDeliveryRole: s3:AbortMultipartUpload on <bucket>/<prefix>/results/failed/feedback/*',
      'FeedbackDeliveryRole: s3:GetBucketLocation on <ModelBucket.Arn>',
      'FeedbackDeliveryRole: s3:ListBucket on <ModelBucket.Arn>',
      'FeedbackDeliveryRole: s3:ListBucketMultipartUploads on <ModelBucket.Arn>',
      'FeedbackDeliveryRole: s3:PutObject on <bucket>/<prefix>/feedback/*',
      'FeedbackDeliveryRole: s3:PutObject on <bucket>/<prefix>/results/failed/feedback/*',
      'FeedbackPolicy: firehose:PutRecord on <FeedbackDelivery.Arn>',
      'PredictRole: logs:CreateLogStream on <PredictLogGroup.Arn>',
      'PredictRole: logs:PutLogEvents on <PredictLogGroup.Arn>',
      'PredictRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'PredictRole: s3:GetObject on <bucket>/<prefix>/versions/*',
      'PromoteRole: logs:CreateLogStream on <PromoteLogGroup.Arn>',
      'PromoteRole: logs:PutLogEvents on <PromoteLogGroup.Arn>',
      'PromoteRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'PromoteRole: s3:GetObject on <bucket>/<prefix>/versions/*',
      'PromoteRole: s3:ListBucket on <ModelBucket.Arn>',
      'PromoteRole: s3:PutObject on <bucket>/<prefix>/current.json',
      'PromoteRole: s3:PutObject on <bucket>/<prefix>/versions/*/verdict.json',
      'PromoteRole: sns:Publish on <Notifications>',
      'RetrainPolicy: batch:ListJobs on *',
      'RetrainPolicy: batch:SubmitJob on <TrainingJob>',
      'RetrainPolicy: batch:SubmitJob on <TrainingLock>',
      'RetrainPolicy: batch:SubmitJob on <TrainingQueue>',
      'StreamDeliveryRole: logs:PutLogEvents on <StreamDeliveryLogGroup.Arn>',
      'StreamDeliveryRole: s3:AbortMultipartUpload on <bucket>/<prefix>/results/failed/stream/*',
      'StreamDeliveryRole: s3:AbortMultipartUpload on <bucket>/<prefix>/results/stream/*',
      'StreamDeliveryRole: s3:GetBucketLocation on <ModelBucket.Arn>',
      'StreamDeliveryRole: s3:ListBucket on <ModelBucket.Arn>',
      'StreamDeliveryRole: s3:ListBucketMultipartUploads on <ModelBucket.Arn>',
      'StreamDeliveryRole: s3:PutObject on <bucket>/<prefix>/results/failed/stream/*',
      'StreamDeliveryRole: s3:PutObject on <bucket>/<prefix>/results/stream/*',
      'StreamPublishPolicy: sns:Publish on <StreamResults>',
      'StreamRole: firehose:PutRecordBatch on <StreamDelivery.Arn>',
      'StreamRole: logs:CreateLogStream on <StreamLogGroup.Arn>',
      'StreamRole: logs:PutLogEvents on <StreamLogGroup.Arn>',
      'StreamRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'StreamRole: s3:GetObject on <bucket>/<prefix>/versions/*',
      'StreamRole: sqs:DeleteMessage on <StreamQueue.Arn>',
      'StreamRole: sqs:GetQueueAttributes on <StreamQueue.Arn>',
      'StreamRole: sqs:ReceiveMessage on <StreamQueue.Arn>',
      'StreamRole: sqs:SendMessage on <StreamDeadLetters.Arn>',
      'TracingPolicy: xray:PutTelemetryRecords on *',
      'TracingPolicy: xray:PutTraceSegments on *',
      'TrainingExecutionRole: ecr:BatchCheckLayerAvailability on arn:<AWS::Partition>:ecr:us-east-1:123456789012:repository/training/bert',
      'TrainingExecutionRole: ecr:BatchGetImage on arn:<AWS::Partition>:ecr:us-east-1:123456789012:repository/training/bert',
      'TrainingExecutionRole: ecr:GetAuthorizationToken on *',
      'TrainingExecutionRole: ecr:GetDownloadUrlForLayer on arn:<AWS::Partition>:ecr:us-east-1:123456789012:repository/training/bert',
      'TrainingExecutionRole: logs:CreateLogStream on <TrainingLogGroup.Arn>',
      'TrainingExecutionRole: logs:PutLogEvents on <TrainingLogGroup.Arn>',
      'TrainingInstanceRole: managed policy on AmazonEC2ContainerServiceforEC2Role',
      'TrainingJobRole: s3:AbortMultipartUpload on <bucket>/<prefix>/rejected/*',
      'TrainingJobRole: s3:AbortMultipartUpload on <bucket>/<prefix>/training/checkpoints/*',
      'TrainingJobRole: s3:AbortMultipartUpload on <bucket>/<prefix>/versions/*',
      'TrainingJobRole: s3:DeleteObject on <bucket>/<prefix>/training/checkpoints/*',
      'TrainingJobRole: s3:GetObject on <bucket>/<prefix>/current.json',
      'TrainingJobRole: s3:GetObject on <bucket>/<prefix>/training/*',
      'TrainingJobRole: s3:GetObject on <bucket>/<prefix>/versions/*',
      'TrainingJobRole: s3:ListBucket on <ModelBucket.Arn>',
      'TrainingJobRole: s3:PutObject on <bucket>/<prefix>/rejected/*',
      'TrainingJobRole: s3:PutObject on <bucket>/<prefix>/training/checkpoints/*',
      'TrainingJobRole: s3:PutObject on <bucket>/<prefix>/versions/*',
      'TrainingScheduleRole: batch:SubmitJob on <TrainingJob>',
      'TrainingScheduleRole: batch:SubmitJob on <TrainingLock>',
      'TrainingScheduleRole: batch:SubmitJob on <TrainingQueue>',
    ]);
  });

  it('have a written reason for every wildcard', () => {
    const reasons = wildcards.filter(({ reason }) => reason.length > 10).map(lineOf);
    const found = listAllowed(template).filter(isWildcard).map(lineOf);
    expect(found.filter((line) => !reasons.includes(line))).toEqual([]);
    expect(reasons.filter((line) => !found.includes(line))).toEqual([]);
  });

  it('never allow it to change permissions or to delete a version', () => {
    const lines = listAllowed(template).map(lineOf).join('\n');
    expect(lines).not.toMatch(
      /iam:|sts:|PutBucketPolicy|lambda:(?!InvokeFunction)|DeleteObject on (?!.*\/training\/checkpoints\/)/,
    );
  });

  it('do not let a candidate write its own verdict', () => {
    const denied = statementsOf(propertiesOf(template, 'TrainingJobRole')).filter(({ Effect }) => Effect === 'Deny');
    expect(denied.flatMap((statement) => permissionsOfStatement('TrainingJobRole', statement)).map(lineOf)).toEqual([
      'TrainingJobRole: s3:PutObject on <bucket>/<prefix>/versions/*/verdict.json',
    ]);
  });

  it('are only those of the functions in dev, without training', () => {
    const roles = new Set(listAllowed(synthesize('dev')).map(({ role }) => role));
    expect([...roles].sort()).toEqual([
      ...['BulkJoinRole', 'BulkMachineRole', 'BulkRuleRole', 'BulkScoreRole', 'BulkSplitRole'],
      ...['PredictRole', 'PromoteRole', 'StreamDeliveryRole', 'StreamRole'],
    ]);
  });

  it('let predict read the keys if callers need one, and nothing else of Parameter Store', () => {
    const lines = listAllowed(synthesize('prod', { authorizer: 'key' })).map(lineOf);
    expect(lines.filter((line) => /ssm:|kms:/.test(line))).toEqual([
      'KeysPolicy: ssm:GetParameter on arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/<AWS::StackName>/keys',
    ]);
  });

  it('are for the given bucket if one is given', () => {
    const lines = listAllowed(synthesize('dev', { bucket: 'an-earlier-bucket' })).map(lineOf);
    expect(lines).toContain(
      'PredictRole: s3:GetObject on arn:<AWS::Partition>:s3:::an-earlier-bucket/dev/current.json',
    );
    expect(lines.join()).not.toContain('ModelBucket');
  });
});

describe('a role', () => {
  it('belongs to one function or one job', () => {
    expect(textOf(propertiesOf(template, 'PredictLambdaFunction').Role)).toBe('<PredictRole.Arn>');
    expect(textOf(propertiesOf(template, 'PromoteLambdaFunction').Role)).toBe('<PromoteRole.Arn>');
    expect(textOf(propertiesOf(template, 'DriftLambdaFunction').Role)).toBe('<DriftRole.Arn>');
    expect(textOf(propertiesOf(template, 'StreamLambdaFunction').Role)).toBe('<StreamRole.Arn>');
    const container = propertiesOf(template, 'TrainingJob').ContainerProperties;
    expect(textOf(at(container, 'JobRoleArn'))).toBe('<TrainingJobRole.Arn>');
    expect(textOf(at(container, 'ExecutionRoleArn'))).toBe('<TrainingExecutionRole.Arn>');
    expect(textOf(at(propertiesOf(template, 'TrainingSchedule').Target, 'RoleArn'))).toBe('<TrainingScheduleRole.Arn>');
  });

  it('writes only to its own log group', () => {
    expect(
      linesOf('PredictRole')
        .filter((line) => line.includes('logs:'))
        .join(),
    ).not.toContain('Promote');
    expect(
      linesOf('PromoteRole')
        .filter((line) => line.includes('logs:'))
        .join(),
    ).not.toContain('Predict');
  });

  it('can be assumed by one service of AWS only', () => {
    const takers = namesOfType(template, 'AWS::IAM::Role').map((name) => {
      const [statement, ...others] = listOf(at(propertiesOf(template, name), 'AssumeRolePolicyDocument', 'Statement'));
      expect(others).toEqual([]);
      return `${name}: ${textOf(at(statement, 'Principal', 'Service'))}`;
    });
    expect(takers.sort()).toEqual([
      'BulkJoinRole: lambda.amazonaws.com',
      'BulkMachineRole: states.amazonaws.com',
      'BulkRuleRole: events.amazonaws.com',
      'BulkScoreRole: lambda.amazonaws.com',
      'BulkSplitRole: lambda.amazonaws.com',
      'DriftRole: lambda.amazonaws.com',
      'FeedbackDeliveryRole: firehose.amazonaws.com',
      'PredictRole: lambda.amazonaws.com',
      'PromoteRole: lambda.amazonaws.com',
      'StreamDeliveryRole: firehose.amazonaws.com',
      'StreamRole: lambda.amazonaws.com',
      'TrainingExecutionRole: ecs-tasks.amazonaws.com',
      'TrainingInstanceRole: ec2.<AWS::URLSuffix>',
      'TrainingJobRole: ecs-tasks.amazonaws.com',
      'TrainingScheduleRole: scheduler.amazonaws.com',
    ]);
  });
});

describe('a policy of a resource', () => {
  it('allows no caller from outside the account', () => {
    const types = ['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'];
    const policies = types.flatMap((type) => namesOfType(template, type));
    expect(policies.sort()).toEqual([
      'ModelBucketPolicy',
      'NotificationsPolicy',
      'ServerlessDeploymentBucketPolicy',
      'StreamDeadLettersPolicy',
      'StreamQueuePolicy',
      'StreamResultsPolicy',
    ]);
    const allowed = policies.flatMap((name) =>
      statementsOf(propertiesOf(template, name)).filter(({ Effect }) => Effect === 'Allow'),
    );
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
        Action: 'sns:Publish',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});
