import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetAliasCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { openModelStore } from '../../../layers/model-store/index.ts';
import { buildCommands } from '../../local/built-commands.ts';
import { type Bucket, makeBucket } from '../../s3/buckets.ts';
import { createPointer } from '../predict/tiny-store.ts';
import { createObjectCreated } from './object-created.ts';
import { type Candidate, createCandidate, versions } from './tiny-candidates.ts';

const [first, second] = versions;
const built = buildCommands();
const children: ChildProcess[] = [];
const servers: Server[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of servers) server.close();
});

/** Creates a topic with a subscriber that keeps the messages. */
async function makeTopic(endpoint: string) {
  const messages: { readonly Subject?: string; readonly Message?: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += data));
    request.on('end', () => {
      messages.push(JSON.parse(body));
      response.end();
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new SNSClient({ endpoint, region: 'us-east-1' });
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: `topic-${servers.length}` }));
  const { port } = server.address() as AddressInfo;
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: `http://127.0.0.1:${port}/` }));
  return { topicArn: TopicArn, messages };
}

async function publish(bucket: Bucket, candidate: Candidate, { current = false } = {}): Promise<void> {
  const files = await createCandidate(candidate);
  for (const [key, content] of Object.entries(files)) await bucket.put(`models/${key}`, content);
  if (current) await bucket.put('models/current.json', createPointer(files, candidate.version));
}

/** Runs the built function in a process of its own, as Lambda does. */
function startLambda(bucket: Bucket, topicArn: string, environment: Readonly<Record<string, string>> = {}) {
  const driver = new URL('../predict/lambda-driver.mjs', import.meta.url);
  const child = fork(driver, [built.path('functions/promote/index.mjs')], {
    env: {
      PATH: process.env.PATH,
      ORT_DISABLE_TELEMETRY: '1',
      NODE_NO_WARNINGS: '1',
      MODEL_URI: `s3://${bucket.name}/models`,
      MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'promote-')),
      // The tiny model runs for microseconds, so that the ratio of two medians is random.
      LATENCY_RATIO: '1000',
      TOPIC_ARN: topicArn,
      POWERTOOLS_METRICS_NAMESPACE: 'serverless-bert/dev',
      POWERTOOLS_SERVICE_NAME: 'promote',
      AWS_ENDPOINT_URL: bucket.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...environment,
    },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  let stdout = '';
  child.stdout?.on('data', (data) => (stdout += data));
  const ready = once(child, 'message');
  const send = async (event: unknown) => {
    await ready;
    child.send({ event, context: { awsRequestId: 'request-1' } });
    return (await once(child, 'message'))[0];
  };
  return {
    invoke: (key: string) => send(createObjectCreated(bucket.name, key)),
    decide: () => send({ canary: 'decide' }),
    publishSnapshot: () => send({ snapshot: 'publish' }),
    readLines: () =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

async function prepare(environment?: Readonly<Record<string, string>>) {
  const bucket = await makeBucket();
  const { topicArn, messages } = await makeTopic(bucket.endpoint);
  const store = openModelStore(`s3://${bucket.name}/models`, { endpoint: bucket.endpoint, region: 'us-east-1' });
  const read = async (key: string) => JSON.parse((await store.readText(key)).text);
  return { bucket, messages, read, lambda: startLambda(bucket, topicArn, environment) };
}

const manifestKey = (version: string) => `models/versions/${version}/manifest.json`;

it('makes an accepted version in S3 current, writes the verdict, counts it and sends a message', async () => {
  const { bucket, messages, read, lambda } = await prepare();
  await publish(bucket, { version: first }, { current: true });
  await publish(bucket, { version: second });
  expect(await lambda.invoke(manifestKey(second))).toMatchObject({ kind: 'promoted', previous: first });
  expect(await read('current.json')).toMatchObject({ version: second, previous: [first] });
  expect(await read(`versions/${second}/verdict.json`)).toMatchObject({ outcome: 'accepted', champion: first });
  expect(messages.at(-1)).toMatchObject({
    Subject: `Model ${second} is current`,
    Message: expect.stringContaining('npm run model -- rollback'),
  });
  const lines = lambda.readLines();
  expect(lines.find(({ _aws: metrics }) => metrics)).toMatchObject({
    _aws: {
      CloudWatchMetrics: [
        { Namespace: 'serverless-bert/dev', Dimensions: [['service']], Metrics: [{ Name: 'Promoted', Unit: 'Count' }] },
      ],
    },
    service: 'promote',
    Promoted: 1,
  });
  expect(lines.find(({ message }) => message === 'version considered')).toMatchObject({
    requestId: 'request-1',
    version: second,
    verdict: { checks: expect.any(Array) },
  });
  expect(await lambda.invoke(manifestKey(second))).toMatchObject({ kind: 'unchanged' });
  expect(messages.filter(({ Subject }) => Subject)).toHaveLength(1);
});

it('refuses a worse version, sends the reason, and leaves the current one', async () => {
  const { bucket, messages, read, lambda } = await prepare();
  await publish(bucket, { version: first }, { current: true });
  await publish(bucket, { version: second, accuracy: 0.8 });
  expect(await lambda.invoke(manifestKey(second))).toMatchObject({ kind: 'refused' });
  expect((await read('current.json')).version).toBe(first);
  expect(messages.at(-1)).toMatchObject({
    Subject: `Model ${second} is refused`,
    Message: expect.stringContaining('accuracy: 0.8 against 0.9, at least 0.898 wanted'),
  });
  expect(lambda.readLines().some((line) => line.Refused === 1)).toBe(true);
});

describe('a canary', () => {
  const alarm = `alarm-${process.pid}`;
  const plan = { CANARY_SHARE: '10', CANARY_MINUTES: '30', CANARY_ALARMS: alarm };

  async function setAlarm({ endpoint }: Bucket, StateValue: 'OK' | 'ALARM'): Promise<void> {
    const client = new CloudWatchClient({ endpoint, region: 'us-east-1' });
    const limit = { ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, Threshold: 1 } as const;
    const metric = { Namespace: 'tests', MetricName: 'Errors', Period: 60, Statistic: 'Sum' } as const;
    await client.send(new PutMetricAlarmCommand({ AlarmName: alarm, ...limit, ...metric }));
    await client.send(new SetAlarmStateCommand({ AlarmName: alarm, StateValue, StateReason: 'a test' }));
  }

  it('begins with an accepted version, and an alarm withdraws it', async () => {
    const { bucket, messages, read, lambda } = await prepare(plan);
    await publish(bucket, { version: first }, { current: true });
    await publish(bucket, { version: second });
    await setAlarm(bucket, 'OK');
    expect(await lambda.invoke(manifestKey(second))).toMatchObject({ kind: 'candidate', champion: first, share: 10 });
    expect(await read('current.json')).toMatchObject({ version: first, candidate: { version: second, share: 10 } });
    expect(await lambda.decide()).toMatchObject({ kind: 'running', version: second });
    await setAlarm(bucket, 'ALARM');
    expect(await lambda.decide()).toMatchObject({ kind: 'withdrawn', champion: first, alarms: [alarm] });
    expect(await read('current.json')).toMatchObject({ version: first, withdrawn: [second] });
    expect(messages.flatMap(({ Subject }) => Subject ?? [])).toEqual([
      `Model ${second} answers 10 % of the texts`,
      `Model ${second} is withdrawn`,
    ]);
    expect(lambda.readLines().some((line) => line.Withdrawn === 1)).toBe(true);
    expect(await lambda.decide()).toEqual({ kind: 'idle' });
  });
});

describe('a snapshot', () => {
  const alias = 'snapstart';

  /** Makes the function predict, a published version of it as a deployment makes it, and the alias. */
  async function makePredict({ endpoint }: Bucket) {
    const client = new LambdaClient({ endpoint, region: 'us-east-1' });
    const iam = new IAMClient({ endpoint, region: 'us-east-1' });
    const FunctionName = `predict-${randomUUID()}`;
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: '{}' }));
    const code = { PackageType: 'Image', Code: { ImageUri: `account/image@sha256:${'a'.repeat(64)}` } } as const;
    const Description = 'GET /predict';
    await client.send(new CreateFunctionCommand({ FunctionName, Role: Role?.Arn, ...code, Description }));
    const { Version } = await client.send(new PublishVersionCommand({ FunctionName }));
    await client.send(new CreateAliasCommand({ FunctionName, Name: alias, FunctionVersion: Version }));
    const describe = async () => {
      const { FunctionVersion } = await client.send(new GetAliasCommand({ FunctionName, Name: alias }));
      const { Versions = [] } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }));
      return {
        alias: FunctionVersion,
        versions: Object.fromEntries(Versions.map((version) => [version.Version, version.Description])),
      };
    };
    return { FunctionName, describe };
  }

  it('follows the current model: a version of the function is published, and the one for the model before is deleted', async () => {
    const bucket = await makeBucket();
    const { FunctionName, describe } = await makePredict(bucket);
    const { topicArn } = await makeTopic(bucket.endpoint);
    const settings = { SNAPSHOT_FUNCTION: FunctionName, SNAPSHOT_ALIAS: alias, SNAPSHOT_DRAIN_SECONDS: '0' };
    const lambda = startLambda(bucket, topicArn, settings);
    await publish(bucket, { version: first }, { current: true });
    expect(await lambda.publishSnapshot()).toMatchObject({
      published: true,
      modelVersion: first,
      functionVersion: '2',
    });
    const kept = { 1: 'GET /predict', 2: `GET /predict, with model ${first}` };
    expect(await describe()).toMatchObject({ alias: '2', versions: kept });
    // A canary or a hold changes the pointer, but not the current model.
    expect(await lambda.publishSnapshot()).toMatchObject({ published: false, functionVersion: '2' });
    await publish(bucket, { version: second }, { current: true });
    expect(await lambda.publishSnapshot()).toMatchObject({
      published: true,
      modelVersion: second,
      functionVersion: '3',
    });
    const { alias: now, versions: left } = await describe();
    expect([now, left[1], left[2], left[3]]).toEqual([
      '3',
      'GET /predict',
      undefined,
      `GET /predict, with model ${second}`,
    ]);
  });
});
