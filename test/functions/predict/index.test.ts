import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { formatKeys, hashKey } from '../../../functions/predict/keys.ts';
import { buildCommands } from '../../local/built-commands.ts';
import { type Bucket, makeBucket } from '../../s3/buckets.ts';
import { type CredentialServer, startCredentialServer } from './credential-server.ts';
import { createEvent, lambdaContext } from './http-event.ts';
import type { LogLine } from './tiny-service.ts';
import { createPointer, createTinyVersion, firstVersion, secondVersion } from './tiny-store.ts';

const built = buildCommands();

type Environment = Readonly<Record<string, string>>;

const driver = new URL('./lambda-driver.mjs', import.meta.url);
const children: ChildProcess[] = [];
const servers: CredentialServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts one execution environment: a process of its own with nothing but the function's environment variables. */
function startLambda(environment: Environment) {
  const child = fork(driver, [built.path('functions/predict/index.mjs')], {
    env: { PATH: process.env.PATH, ORT_DISABLE_TELEMETRY: '1', ...environment },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => (output.stdout += data));
  child.stderr?.on('data', (data) => (output.stderr += data));
  const receive = async () => (await once(child, 'message'))[0];
  const countAnswered = () => output.stdout.split('"driver":"answered"').length;
  /** Resolves when the answer and all that was written before it have arrived. */
  const invoke = async (event: unknown) => {
    const before = countAnswered();
    child.send({ event, context: { awsRequestId: lambdaContext.awsRequestId } });
    const answer = await receive();
    while (countAnswered() === before) await sleep(5);
    return answer;
  };
  const readLines = (): LogLine[] =>
    output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((line) => !('driver' in line));
  const readLog = () => readLines().filter((line) => !('_aws' in line));
  const readMetrics = () => readLines().filter((line) => '_aws' in line);
  /** Stops the process, as Lambda does between two requests. */
  const freeze = async (ms: number) => {
    child.kill('SIGSTOP');
    await sleep(ms);
    child.kill('SIGCONT');
  };
  return { child, output, receive, invoke, readLog, readMetrics, freeze };
}

const describeStore = ({ name, endpoint }: Bucket): Environment => ({
  MODEL_URI: `s3://${name}/models`,
  // A folder of its own: valid files in a shared one would not be fetched again.
  MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'lambda-')),
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
  POWERTOOLS_METRICS_NAMESPACE: 'serverless-bert/dev',
  POWERTOOLS_SERVICE_NAME: 'predict',
});

async function publish(bucket: Bucket, version = firstVersion): Promise<void> {
  const files = await createTinyVersion(version);
  for (const [key, content] of Object.entries(files)) await bucket.put(`models/${key}`, content);
  await bucket.put('models/current.json', createPointer(files, version));
}

const good = createEvent({ query: 'sentence=good' });

it('loads the model from S3 once, during its start', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const { receive, invoke, readLog } = startLambda(describeStore(bucket));
  expect(await receive()).toBe('ready');
  expect(await invoke(good)).toMatchObject({ statusCode: 200, headers: { 'x-model-version': firstVersion } });
  expect(await invoke(good)).toMatchObject({ statusCode: 200 });
  const log = readLog();
  expect(log.map(({ message }) => message)).toEqual(['model loaded', 'request', 'request']);
  expect(log[0]).toMatchObject({
    modelVersion: firstVersion,
    initType: 'on-demand',
    threads: 1,
    receivedBytes: expect.any(Number),
    stages: { pointerMs: expect.any(Number), transferMs: expect.any(Number), sessionMs: expect.any(Number) },
  });
});

it('answers 503 while S3 has no model, logs bucket, key and reason, and recovers with the next request', async () => {
  const bucket = await makeBucket();
  const { receive, invoke, readLog } = startLambda(describeStore(bucket));
  expect(await receive()).toBe('ready');
  const refused = await invoke(good);
  expect(refused).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
  expect(refused.body).not.toContain(bucket.name);
  expect(await invoke(createEvent({ path: '/health' }))).toMatchObject({ statusCode: 200 });
  const failure = readLog().find(({ message }) => message === 'model not loaded');
  expect(JSON.stringify(failure)).toContain(`s3://${bucket.name}/models/current.json`);

  await publish(bucket);
  expect(await invoke(good)).toMatchObject({ statusCode: 200 });
  expect(readLog().filter(({ message }) => message === 'model loaded')).toHaveLength(1);
});

it('does not serve a version whose bytes differ from the published ones', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  await bucket.put(`models/versions/${firstVersion}/tokenizer.json`, '{}');
  const { receive, invoke, readLog } = startLambda(describeStore(bucket));
  expect(await receive()).toBe('ready');
  expect(await invoke(good)).toMatchObject({ statusCode: 503 });
  expect(JSON.stringify(readLog())).toContain(`versions/${firstVersion}/tokenizer.json`);
});

it('asks for a key of the parameter, names it in the log line, and never logs a key', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const ssm = new SSMClient({ endpoint: bucket.endpoint, region: 'us-east-1' });
  const Name = `/${bucket.name}/keys`;
  const key = 'sb_of-the-team';
  const Value = formatKeys([{ name: 'team', sha256: hashKey(key), created: '2026-11-28' }]);
  await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString' }));
  const { receive, invoke, readLog, output } = startLambda({ ...describeStore(bucket), API_KEYS_PARAMETER: Name });
  expect(await receive()).toBe('ready');
  await ssm.send(new DeleteParameterCommand({ Name }));
  const ask = async (headers: Readonly<Record<string, string>>) =>
    (await invoke(createEvent({ query: 'sentence=good', headers }))).statusCode;
  expect(await ask({})).toBe(401);
  expect(await ask({ 'x-api-key': 'sb_of-nobody' })).toBe(401);
  expect(await ask({ authorization: `Bearer ${key}` })).toBe(200);
  expect(readLog().flatMap(({ message, status, key }) => (message === 'request' ? [[status, key]] : []))).toEqual([
    [401, undefined],
    [401, undefined],
    [200, 'team'],
  ]);
  expect(output.stdout + output.stderr).not.toMatch(/sb_of|Bearer/);
});

it('does not start with a wrong configuration and lists every problem', async () => {
  const { child, output } = startLambda({ MODEL_VERSION: 'latest', LOG_LEVEL: 'loud' });
  const [code] = await once(child, 'exit');
  expect(code).not.toBe(0);
  for (const name of ['MODEL_URI', 'MODEL_VERSION', 'LOG_LEVEL']) expect(output.stderr).toContain(name);
});

it('switches to the new current version within one request after a freeze and deletes the old files', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const environment: Environment = { ...describeStore(bucket), MODEL_REFRESH_SECONDS: '1' };
  const { receive, invoke, readLog, freeze } = startLambda(environment);
  await receive();
  const ask = async () => (await invoke(good)).headers['x-model-version'];
  expect(await ask()).toBe(firstVersion);
  await publish(bucket, secondVersion);
  await freeze(1200);
  // The old model answers the request that starts the check. The new model answers all later requests.
  expect(await ask()).toBe(firstVersion);
  expect(await ask()).toBe(secondVersion);
  await freeze(1200);
  expect(await ask()).toBe(secondVersion);
  const replaced = readLog().filter(({ message }) => message === 'model replaced');
  expect(replaced).toEqual([expect.objectContaining({ modelVersion: secondVersion, previousVersion: firstVersion })]);
  const fetched = (version: string) => existsSync(join(environment.MODEL_DIRECTORY ?? '', 'versions', version));
  expect([fetched(firstVersion), fetched(secondVersion)]).toEqual([false, true]);
});

it('stays with a version that it is pinned to', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const { receive, invoke, freeze } = startLambda({
    ...describeStore(bucket),
    MODEL_REFRESH_SECONDS: '1',
    MODEL_VERSION: firstVersion,
  });
  await receive();
  await publish(bucket, secondVersion);
  for (let round = 0; round < 3; round++) {
    expect((await invoke(good)).headers['x-model-version']).toBe(firstVersion);
    await freeze(1100);
  }
});

it('keeps the old model when the new one cannot be loaded, logs the reason, and tries again', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const { receive, invoke, readLog, freeze } = startLambda({ ...describeStore(bucket), MODEL_REFRESH_SECONDS: '1' });
  await receive();
  await publish(bucket, secondVersion);
  await bucket.put(`models/versions/${secondVersion}/model.onnx`, 'damaged');
  await freeze(1100);
  for (let round = 0; round < 2; round++)
    expect(await invoke(good)).toMatchObject({ statusCode: 200, headers: { 'x-model-version': firstVersion } });
  expect(JSON.stringify(readLog().find(({ message }) => message === 'model not refreshed'))).toContain('model.onnx');
  await publish(bucket, secondVersion);
  await freeze(1100);
  await invoke(good);
  expect((await invoke(good)).headers['x-model-version']).toBe(secondVersion);
});

it('records metrics of start, requests and errors, and logs texts only if LOG_TEXT is on', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  const { receive, invoke, readMetrics, output } = startLambda(describeStore(bucket));
  await receive();
  await invoke(good);
  await invoke(createEvent());
  const names = readMetrics().map(({ _aws: metrics }) => {
    const [{ Dimensions, Metrics }] = Object(metrics).CloudWatchMetrics;
    return `${Dimensions[0].join('+')}: ${Metrics.map(({ Name }: { Name: string }) => Name).join(' ')}`;
  });
  expect(names).toEqual([
    'service: ColdStart',
    'service+initType: ColdStart',
    'service: FetchTime VerifyTime SessionTime FirstRunTime',
    'service: GigabyteSeconds CostPerThousand TokenizeTime RunTime Tokens Unknown Truncated Positive ModelAge',
    'service: GigabyteSeconds CostPerThousand ModelAge Errors',
    'service+code: Errors',
  ]);
  expect(readMetrics().at(-1)).toMatchObject({ service: 'predict', code: 'SENTENCE_MISSING', Errors: 1 });
  expect(output.stdout).not.toContain('"text"');

  const verbose = startLambda({ ...describeStore(bucket), LOG_TEXT: 'on' });
  await verbose.receive();
  await verbose.invoke(good);
  expect(verbose.readLog().at(-1)).toMatchObject({ message: 'request', text: 'good' });
});

describe('with SnapStart', () => {
  async function startCredentials(): Promise<CredentialServer> {
    const server = await startCredentialServer();
    servers.push(server);
    return server;
  }

  /** The environment of a function whose version is published with a snapshot. */
  function describeSnapshot(bucket: Bucket, more: Environment): Environment {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = describeStore(bucket);
    return { ...rest, ...more };
  }

  it('answers the first request after the restoration by the version that is current then, with new credentials', async () => {
    const bucket = await makeBucket();
    await publish(bucket);
    const { keys, environment } = await startCredentials();
    const { receive, invoke, readLog, readMetrics, freeze } = startLambda(describeSnapshot(bucket, environment));
    expect(await receive()).toBe('ready');
    expect(readLog()).toMatchObject([{ message: 'model loaded', modelVersion: firstVersion, initType: 'snap-start' }]);
    expect(keys).toHaveLength(1);
    expect(JSON.stringify(readMetrics())).not.toContain('ColdStart');
    await publish(bucket, secondVersion);
    await freeze(300);
    for (let round = 0; round < 2; round++) expect((await invoke(good)).headers['x-model-version']).toBe(secondVersion);
    expect(keys).toHaveLength(2);
    expect(readMetrics().filter((line) => line.initType === 'snap-start')).toEqual([
      expect.objectContaining({ ColdStart: 1 }),
    ]);
  });

  it('answers by the model of the snapshot if it is still current', async () => {
    const bucket = await makeBucket();
    await publish(bucket);
    const { environment } = await startCredentials();
    const { receive, invoke, readLog } = startLambda(describeSnapshot(bucket, environment));
    await receive();
    expect((await invoke(good)).headers['x-model-version']).toBe(firstVersion);
    expect(readLog().map(({ message }) => message)).toEqual(['model loaded', 'request']);
  });

  it('takes no keys of callers into the snapshot', async () => {
    const bucket = await makeBucket();
    await publish(bucket);
    const { environment } = await startCredentials();
    const ssm = new SSMClient({ endpoint: bucket.endpoint, region: 'us-east-1' });
    const Name = `/${bucket.name}/keys`;
    const Value = formatKeys([{ name: 'team', sha256: hashKey('sb_new'), created: '2026-11-28' }]);
    const { receive, invoke } = startLambda(describeSnapshot(bucket, { ...environment, API_KEYS_PARAMETER: Name }));
    await receive();
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString' }));
    const ask = (key: string) => invoke(createEvent({ query: 'sentence=good', headers: { 'x-api-key': key } }));
    expect((await ask('sb_new')).statusCode).toBe(200);
    expect((await ask('sb_old')).statusCode).toBe(401);
  });

  it('begins without a model if there is none yet, and finds it later', async () => {
    const bucket = await makeBucket();
    const { environment } = await startCredentials();
    const { receive, invoke } = startLambda(describeSnapshot(bucket, environment));
    expect(await receive()).toBe('ready');
    await publish(bucket);
    expect((await invoke(good)).statusCode).toBe(200);
  });
});
