import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCommands } from '../../local/built-commands.ts';
import { type Bucket, makeBucket } from '../../s3/buckets.ts';
import { createEvent, lambdaContext } from './http-event.ts';
import type { LogLine } from './tiny-service.ts';
import { createPointer, createTinyVersion, firstVersion } from './tiny-store.ts';

const built = buildCommands();
afterAll(() => built.remove());

type Environment = Readonly<Record<string, string>>;

const driver = new URL('./lambda-driver.mjs', import.meta.url);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** One execution environment: its own process, the function's environment and nothing else of ours. */
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
  const invoke = async (event: unknown) => {
    child.send({ event, context: { awsRequestId: lambdaContext.awsRequestId } });
    return receive();
  };
  const readLog = (): LogLine[] =>
    output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { child, output, receive, invoke, readLog };
}

const describeStore = ({ name, endpoint }: Bucket): Environment => ({
  MODEL_URI: `s3://${name}/models`,
  // Not one for all: what lies there already and is sound is not fetched again.
  MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'lambda-')),
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
});

async function publish(bucket: Bucket): Promise<void> {
  const files = await createTinyVersion(firstVersion);
  for (const [key, content] of Object.entries(files)) await bucket.put(`models/${key}`, content);
  await bucket.put('models/current.json', createPointer(files, firstVersion));
}

const good = createEvent({ query: 'sentence=good' });

it('loads the model from S3 while it starts, once for all requests', async () => {
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
}, 60_000);

it('answers 503 while S3 has no model, names bucket, key and reason in the log, and recovers with the next request', async () => {
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
}, 60_000);

it('serves nothing of a version whose bytes are not the published ones', async () => {
  const bucket = await makeBucket();
  await publish(bucket);
  await bucket.put(`models/versions/${firstVersion}/tokenizer.json`, '{}');
  const { receive, invoke, readLog } = startLambda(describeStore(bucket));
  expect(await receive()).toBe('ready');
  expect(await invoke(good)).toMatchObject({ statusCode: 503 });
  expect(JSON.stringify(readLog())).toContain(`versions/${firstVersion}/tokenizer.json`);
}, 60_000);

it('does not start in an environment that it cannot use, and lists every problem', async () => {
  const { child, output } = startLambda({ MODEL_VERSION: 'latest', LOG_LEVEL: 'loud' });
  const [code] = await once(child, 'exit');
  expect(code).not.toBe(0);
  for (const name of ['MODEL_URI', 'MODEL_VERSION', 'LOG_LEVEL']) expect(output.stderr).toContain(name);
}, 60_000);
