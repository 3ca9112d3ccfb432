// Turns the texts of all parameters into the values that serverless.yml and infra/*.yml use (`custom.settings`).
// It never throws, because Serverless would wrap its errors. infra/plugin.mjs refuses a deployment that has `problems`.
// The name ends with .js because `${file(…)}` of Serverless loads .js and .cjs with require(), and .mjs not at all.
import { parameters } from './parameters.mjs';

const noValue = { Ref: 'AWS::NoValue' };
const join = (...parts) => ({ 'Fn::Join': ['', parts] });

/** The user of Dockerfile.train. */
const trainingUser = 'bert';

/**
 * Text → value for every parameter, and a sentence for each text that is not accepted. The default's value replaces such a
 * text, so that a person reads the sentence, and not what Serverless says about a value that it cannot use.
 */
export function readParameters(texts, defaults) {
  const values = {};
  const problems = [];
  for (const [name, { check, instead }] of Object.entries(parameters)) {
    try {
      values[name] = readText(texts[name], check);
    } catch (error) {
      values[name] = instead ?? check(String(defaults[name]));
      problems.push(`${name} ${error.message}.`);
    }
  }
  return { values, problems: [...problems, ...findContradictions(values)] };
}

function readText(text, check) {
  if (text === undefined || text === '')
    throw new Error('has no value, neither by --param nor in infra/parameters.yml');
  try {
    return check(String(text));
  } catch (error) {
    throw new Error(`must be ${error.message}, but it is "${text}"`);
  }
}

function findContradictions(values) {
  const { authorizer, jwtIssuer, jwtAudience, reservedConcurrency, provisionedConcurrency } = values;
  const { drift, retrainOnDrift, trainingImage, feedback } = values;
  const problems = [];
  if (feedback !== 'off' && authorizer === 'none')
    problems.push(
      `feedback is ${feedback}, but authorizer is none: anybody could write what training may learn from. Choose key, iam or jwt.`,
    );
  if (retrainOnDrift === 'on' && !(drift === 'on' && trainingImage))
    problems.push('retrainOnDrift is on, which needs drift: on, and training by the parameter trainingImage.');
  if (authorizer === 'jwt' && !(jwtIssuer && jwtAudience))
    problems.push('authorizer is jwt, which needs two more parameters: jwtIssuer and jwtAudience.');
  problems.push(...findStartProblems(values), ...findBaseProblems(values));
  if (reservedConcurrency && provisionedConcurrency > reservedConcurrency)
    problems.push(
      `provisionedConcurrency is ${provisionedConcurrency}, but reservedConcurrency allows only ${reservedConcurrency} environments.`,
    );
  return problems;
}

/** A base image for an image that is not built. */
const findBaseProblems = (values) =>
  [
    ['image', values.imageBase],
    ['trainingImage', values.trainingImageBase],
  ]
    .filter(([name, base]) => base && !['build', 'codebuild'].includes(values[name]))
    .map(([name]) => `${name}Base is given, but ${name} is ${values[name] ?? 'off'}: nothing is built on it.`);

/** What Lambda does not combine. */
function findStartProblems({ provisionedConcurrency, provisionedStart, provisionedStop, scratch, snapStart }) {
  const problems = [];
  if (snapStart === 'on' && provisionedConcurrency)
    problems.push('snapStart is on, which Lambda does not combine with provisionedConcurrency: leave one of them off.');
  if (snapStart === 'on' && scratch > 512)
    problems.push(`snapStart is on, with which /tmp has 512 MB at most, but scratch is ${scratch}.`);
  const isTimed = [provisionedStart, provisionedStop].filter(Boolean).length;
  if (isTimed === 1 || (isTimed > 0 && !provisionedConcurrency))
    problems.push('provisionedStart and provisionedStop need each other, and a number as provisionedConcurrency.');
  return problems;
}

const corsOf = (origins) =>
  origins && {
    allowedOrigins: origins,
    allowedMethods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'if-none-match', 'x-api-key'],
    exposedResponseHeaders: ['etag', 'retry-after', 'x-model-version'],
    maxAge: 3600,
  };

const bucketOf = (name) =>
  name
    ? { storage: 'existing', bucket: name, bucketArn: { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}` } }
    : { storage: 'new', bucket: { Ref: 'ModelBucket' }, bucketArn: { 'Fn::GetAtt': ['ModelBucket', 'Arn'] } };

/** Serverless sees an image that is built as its Dockerfile, until infra/image-plugin.mjs has its digest. */
const imageOf = (image, platform) => ({
  platform,
  imageSource: image === 'build' ? { path: '.', file: 'Dockerfile.lambda', platform } : image,
});

/** Images that are built lie in the repository of the stage. */
const repositoryArnOf = (image, stageRepository) => {
  const [, account, region, name] = /^(\d+)\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^@]+)@/.exec(image ?? '') ?? [];
  const place = name
    ? `${region}:${account}:repository/${name}`
    : `\${AWS::Region}:\${AWS::AccountId}:repository/${stageRepository}`;
  return { 'Fn::Sub': `arn:\${AWS::Partition}:ecr:${place}` };
};

/** The alarms that decide about a canary. `Ref` gives their names. */
const canaryAlarms = {
  'Fn::Join': [
    ',',
    ['CandidateErrorAlarm', 'CandidateLatencyAlarm', 'CandidateLoadAlarm', 'ErrorRateAlarm'].map((Ref) => ({ Ref })),
  ],
};

const canaryOf = ({ canaryShare, canaryMinutes }) =>
  canaryShare
    ? { canary: 'on', canaryShare: String(canaryShare), canaryMinutes: String(canaryMinutes), canaryAlarms }
    : { canary: 'off', canaryShare: noValue, canaryMinutes: noValue, canaryAlarms: noValue };

/** Serverless gives the alias this name. */
const snapshotOf = ({ snapStart, timeout }) =>
  snapStart === 'on'
    ? {
        snapshot: 'on',
        snapshotFunction: { Ref: 'PredictLambdaFunction' },
        snapshotAlias: 'snapstart',
        snapshotDrain: String(timeout),
      }
    : { snapshot: 'off', snapshotFunction: noValue, snapshotAlias: noValue, snapshotDrain: noValue };

/** The SSM parameter of `npm run key`. infra/authorizers/key.yml lets the function read it. */
const keysParameter = { 'Fn::Sub': `/\${AWS::StackName}/keys` };

/** The roles of the functions that there are. */
const listRoles = ({ bulk, stream, drift }) => [
  ...['PredictRole', 'PromoteRole'],
  ...(stream === 'on' ? ['StreamRole'] : []),
  ...(bulk === 'on' ? ['BulkSplitRole', 'BulkScoreRole', 'BulkJoinRole'] : []),
  ...(drift === 'on' ? ['DriftRole'] : []),
];

/** The values and what follows from them: names of included files, `AWS::NoValue` where CloudFormation must see nothing. */
function deriveSettings(values, stageRepository) {
  const { alarmEmail, architecture, provisionedConcurrency, reservedConcurrency, modelVersion } = values;
  const { bucket, ...storage } = bucketOf(values.bucket);
  const hasTopic = values.stream === 'on' && values.streamTopic === 'on';
  return {
    ...values,
    ...storage,
    bucket,
    ...imageOf(values.image, architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64'),
    cors: corsOf(values.cors) || false,
    keysParameter: values.authorizer === 'key' ? keysParameter : noValue,
    jwtAudience: values.jwtAudience ?? [],
    jwtIssuer: values.jwtIssuer ?? '',
    modelVersion: modelVersion ?? noValue,
    feedback: values.feedback === 'off' ? 'off' : 'on',
    feedbackStream: values.feedback === 'off' ? noValue : { Ref: 'FeedbackDelivery' },
    feedbackText: values.feedback === 'texts' ? 'on' : 'off',
    driftQueue: values.retrainOnDrift === 'on' ? { Ref: 'TrainingQueue' } : noValue,
    driftJob: values.retrainOnDrift === 'on' ? { Ref: 'TrainingJob' } : noValue,
    provisionedConcurrency: provisionedConcurrency ?? 0,
    reservedConcurrency: reservedConcurrency ?? noValue,
    traces: values.tracing === 'on',
    subscriptions: alarmEmail ? [{ Protocol: 'email', Endpoint: alarmEmail }] : noValue,
    ...canaryOf(values),
    ...snapshotOf(values),
    snapStart: values.snapStart === 'on',
    provisioned: values.provisionedStart ? 'on' : 'off',
    modelAge: values.alarmModelAge ? 'on' : 'off',
    streamTopic: hasTopic ? 'on' : 'off',
    streamTopicArn: hasTopic ? { Ref: 'StreamResults' } : noValue,
    tracedRoles: listRoles(values).map((Ref) => ({ Ref })),
    training: values.trainingImage ? 'on' : 'off',
    schedule: values.trainingImage && values.trainingSchedule ? 'on' : 'off',
    trainingRepositoryArn: repositoryArnOf(values.trainingImage, stageRepository),
    trainingCommand: [
      ...['python3', 'train.py', ...(Number(values.trainingGpus) > 1 ? ['--processes', '0'] : [])],
      ...(values.trainingArguments?.split(' ') ?? []),
    ],
    trainingTimeoutSeconds: values.trainingTimeout * 3600,
    trainingWaitSeconds: values.trainingWait * 3600,
    trainingUser,
    trainingSubnets: values.trainingSubnets ?? 'default',
    validationVariable: values.validationFile
      ? {
          Name: 'VALIDATION_FILE',
          Value: join('s3://', bucket, `/${values.prefix}/training/data/${values.validationFile}`),
        }
      : noValue,
  };
}

/** The value of `custom.settings`. Serverless calls it with a function that resolves its variables. */
async function resolveSettings({ resolveVariable }) {
  const names = Object.keys(parameters);
  const entries = await Promise.all(names.map(async (name) => [name, await resolveVariable(`param:${name}, ""`)]));
  const defaults = await resolveVariable('file(infra/parameters.yml):default');
  const texts = Object.fromEntries(entries);
  const { values, problems } = readParameters(texts, defaults);
  // Serverless gives the repository this name.
  const stageRepository = `serverless-${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  return { ...deriveSettings(values, stageRepository), texts, problems };
}

// What require() of this ES module gives.
export { resolveSettings as 'module.exports' };
