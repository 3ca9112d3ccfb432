import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { buildCommands } from '../../local/built-commands.ts';
import { createPointer, createTinyVersion, firstVersion } from '../predict/tiny-store.ts';
import { createEvent, makeStream } from './account.ts';

const built = buildCommands();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs the built function in a process of its own, as Lambda does. */
async function startLambda({
  bucket,
  deliveryStream,
  deadLettersUrl,
  topicArn,
}: Awaited<ReturnType<typeof makeStream>>) {
  const driver = new URL('../predict/lambda-driver.mjs', import.meta.url);
  const child = fork(driver, [built.path('functions/stream/index.mjs')], {
    env: {
      PATH: process.env.PATH,
      ORT_DISABLE_TELEMETRY: '1',
      NODE_NO_WARNINGS: '1',
      MODEL_URI: `s3://${bucket.name}/models`,
      MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'stream-')),
      DELIVERY_STREAM: deliveryStream,
      DEAD_LETTERS_URL: deadLettersUrl,
      RESULTS_TOPIC_ARN: topicArn,
      POWERTOOLS_METRICS_NAMESPACE: 'serverless-bert/dev',
      POWERTOOLS_SERVICE_NAME: 'stream',
      AWS_ENDPOINT_URL: bucket.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  let stdout = '';
  child.stdout?.on('data', (data) => (stdout += data));
  await once(child, 'message');
  const invoke = async (event: SQSEvent): Promise<SQSBatchResponse> => {
    child.send({ event, context: { awsRequestId: 'request-1' } });
    return (await once(child, 'message'))[0];
  };
  const readLines = () =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { invoke, readLines };
}

it('scores messages with the model in S3 into objects in S3, counts them, and sends poison to the dead letters', async () => {
  const stream = await makeStream();
  const files = await createTinyVersion(firstVersion);
  for (const [key, content] of Object.entries(files)) await stream.bucket.put(`models/${key}`, content);
  await stream.bucket.put('models/current.json', createPointer(files, firstVersion));
  const lambda = await startLambda(stream);

  const event = createEvent(['a good book', '{"id":"b","text":"a bad book","user":"ann"}', '{"text":']);
  expect(await lambda.invoke(event)).toEqual({ batchItemFailures: [] });

  expect((await stream.readObjects()).flat()).toEqual([
    expect.objectContaining({ id: 'm1', label: 'positive', model: firstVersion }),
    expect.objectContaining({ id: 'b', label: 'negative', user: 'ann' }),
  ]);
  expect(await stream.readNegative()).toEqual([expect.objectContaining({ id: 'b' })]);
  const letters = await stream.readDeadLetters();
  expect(letters.map(({ Body }) => Body)).toEqual(['{"text":']);
  expect(letters[0]?.MessageAttributes?.reason?.StringValue).toMatch(/^MESSAGE_MALFORMED/);
  expect(lambda.readLines()).toContainEqual(
    expect.objectContaining({ service: 'stream', Scored: 2, DeadLetters: 1, Undelivered: 0 }),
  );
});
