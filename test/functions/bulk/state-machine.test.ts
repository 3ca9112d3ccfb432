// The state machine of infra/bulk/machine.yml, as the template has it, in moto's interpreter, with the functions of this project.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Handler } from '../../../functions/bulk/handler.ts';
import { at, type Json, type JsonObject, propertiesOf, synthesize } from '../../infra/template.ts';
import { binaries } from '../../python.mjs';
import { startMoto } from '../../s3/moto.mjs';
import { makeBulkBucket, prefix } from './bulk-bucket.ts';

type Functions = Readonly<Record<string, Handler<never, object>>>;

/** The functions by the name of their resource. */
let functions: Functions = {};
/** Calls of each function, with the batch. */
const calls: string[] = [];
/** Answers with an error instead of calling a function, while it returns one. */
let disturb: (name: string, event: { readonly batch?: number }) => object | undefined = () => undefined;

/** Runs a function as the adapter in state-machine-server.py asks for it. */
const server = createServer(async (request, response) => {
  const name = request.url?.slice(1) ?? '';
  const event = JSON.parse(await text(request));
  calls.push([name, event.batch].filter((part) => part !== undefined).join(' '));
  try {
    const error = disturb(name, event);
    if (error) throw error;
    response.end(JSON.stringify(await functions[name]?.(event as never)));
  } catch (error) {
    const { name: errorType, message: errorMessage } = error as Error;
    response.writeHead(500).end(JSON.stringify({ errorType, errorMessage }));
  }
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const functionsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const moto = await startMoto([
  join(binaries, 'python'),
  join(import.meta.dirname, 'state-machine-server.py'),
  functionsUrl,
]);
afterAll(async () => {
  server.close();
  await moto.stop();
});

const bulk = await makeBulkBucket(moto.endpoint);
Object.assign(process.env, {
  AWS_ENDPOINT_URL: moto.endpoint,
  MODEL_URI: `s3://${bulk.bucket}/${prefix}`,
  LOG_LEVEL: 'error',
});
const { split, score, join: joinHandler } = await import('../../../functions/bulk/index.ts');
functions = { BulkSplitLambdaFunction: split, BulkScoreLambdaFunction: score, BulkJoinLambdaFunction: joinHandler };

const sfn = new SFNClient({ endpoint: moto.endpoint, region: 'us-east-1' });
const sns = new SNSClient({ endpoint: moto.endpoint, region: 'us-east-1' });
const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'notifications' }));

/** Puts this account's resources into the template's definition, as CloudFormation does. Waits of retries are left out. */
function resolve(value: Json): Json {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': pattern, ...rest } = value as JsonObject;
  if (Ref === 'ModelBucket') return bulk.bucket;
  if (Ref === 'Notifications') return TopicArn;
  if (attribute) return `arn:aws:lambda:us-east-1:123456789012:function:${at(attribute, 0)}`;
  if (typeof pattern === 'string') return pattern.replace(/\$\{AWS::Partition\}/, 'aws');
  const waits = 'IntervalSeconds' in rest ? { IntervalSeconds: 1, BackoffRate: 1 } : {};
  return Object.fromEntries(Object.entries({ ...rest, ...waits }).map(([name, part]) => [name, resolve(part)]));
}

let machines = 0;

/** Starts a run over a file that was put, and waits for its end. */
async function run(at_: { readonly key: string; readonly etag: string }, params: Record<string, string> = {}) {
  const { Definition } = propertiesOf(synthesize('dev', params), 'BulkMachine');
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: `bulk-${++machines}`,
      // moto takes only a number with a point.
      definition: JSON.stringify(resolve(Definition ?? null)).replace(/("ToleratedFailurePercentage":\d+)/, '$1.0'),
      roleArn: 'arn:aws:iam::123456789012:role/bulk',
    }),
  );
  const event = { detail: { bucket: { name: bulk.bucket }, object: at_ } };
  const { key, etag } = at_;
  const input = JSON.stringify({ ...event, detail: { ...event.detail, object: { key, etag } } });
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: `run-${machines}`, input }),
  );
  for (;;) {
    const { status, output, error, cause } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING')
      return { status, output: JSON.parse(output ?? '{}'), error, cause, name: `run-${machines}` };
    await sleep(50);
  }
}

/** Rows whose label is known: every third is good, bad, or the other. */
const words = ['good', 'bad', 'the'];
const labels = ['positive', 'negative', 'neutral'];
const makeFile = (rows: number) =>
  `id,text\n${Array.from({ length: rows }, (_, id) => `${id},"this is ${words[id % 3]}, ${words[id % 3]}\n${words[id % 3]}"\n`).join('')}`;

beforeEach(() => {
  calls.length = 0;
  disturb = () => undefined;
});

it('scores 2,000 rows in batches and returns them in order', async () => {
  const { status, output, error, cause } = await run(await bulk.put('large.csv', makeFile(2000)));
  expect({ status, error, cause }).toEqual({ status: 'SUCCEEDED' });
  expect(output).toMatchObject({
    rows: 2000,
    failed: 0,
    batches: 4,
    labels: { positive: 667, negative: 667, neutral: 666 },
  });
  const rows = await bulk.readResult('large');
  expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 2000 }, (_, id) => id));
  expect(rows.every(({ id, label }) => label === labels[Number(id) % 3])).toBe(true);
  expect(await bulk.readJson('out/large.summary.json')).toEqual(output);
}, 60_000);
