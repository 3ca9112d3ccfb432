// The state machine of infra/bulk/machine.yml, as the template has it, in moto's interpreter, with the functions of this project.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import type { Handler } from '../../../functions/bulk/handler.ts';
import { type BulkAccess, listRuns, readState, redriveRun, saveResult } from '../../../local/bulk-runs.ts';
import { at, type Json, type JsonObject, propertiesOf, synthesize } from '../../infra/template.ts';
import { buildCommands } from '../../local/built-commands.ts';
import { binaries } from '../../python.mjs';
import { startMoto } from '../../s3/moto.mjs';
import { makeBulkBucket, prefix } from './bulk-bucket.ts';

type Functions = Readonly<Record<string, Handler<never, object>>>;

/** The functions by the name of their resource. */
let functions: Functions = {};
/** Calls of each function, with the batch. */
const calls: string[] = [];
/** What was sent to the topic. */
const messages: string[] = [];
/** Answers with an error instead of calling a function, while it returns one. */
let disturb: (name: string, event: { readonly batch?: number }) => object | undefined = () => undefined;

/** Takes the topic's messages, and runs a function as the adapter in state-machine-server.py asks for it. */
const server = createServer(async (request, response) => {
  const name = request.url?.slice(1) ?? '';
  const event = JSON.parse(await text(request));
  if (name === 'topic') {
    if (event.Subject) messages.push(event.Message);
    response.end();
    return;
  }
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
await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: `${functionsUrl}/topic` }));

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

const access = (): BulkAccess => ({ objects: bulk.objects, prefix, sfn, stage: 'dev' });

const named = (name: string) => Object.assign(new Error('disturbed'), { name });

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
});

it('refuses a file without a text column: the topic hears why, nothing is scored, and the run does not fail', async () => {
  const { status, output } = await run(await bulk.put('columns.csv', 'a,b\n1,2\n'));
  expect(status).toBe('SUCCEEDED');
  expect(output.refused).toMatch(/^columns.csv: no column review, text, .*; the columns found are: a, b;/);
  expect(calls).toEqual(['BulkSplitLambdaFunction']);
  expect(messages).toEqual([output.refused]);
  expect(await readState(access(), 'columns')).toEqual({
    kind: 'refused',
    sentence: `columns: refused. ${output.refused}`,
  });
});

it('tries again while Lambda is busy', async () => {
  let busy = 3;
  disturb = () => (busy-- > 0 ? named('Lambda.TooManyRequestsException') : undefined);
  expect((await run(await bulk.put('busy.csv', makeFile(600)))).output).toMatchObject({
    rows: 600,
    batches: 2,
    failed: 0,
  });
});

// moto tolerates every batch that fails; test/infra/bulk.test.ts looks at the share that is tolerated.
it('gives the rows of a batch that failed three times an error, if that is tolerated', async () => {
  disturb = (_, { batch }) => (batch === 1 ? named('Runtime.OutOfMemory') : undefined);
  const { output } = await run(await bulk.put('holes.csv', makeFile(1500)));
  expect(calls.filter((call) => call === 'BulkScoreLambdaFunction 1')).toHaveLength(3);
  expect(output).toMatchObject({ rows: 1500, failed: 500, batches: 3, failedBatches: 1 });
  const rows = await bulk.readResult('holes');
  expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 1500 }, (_, id) => id));
  expect(rows.filter(({ error }) => error === 'its batch could not be scored')).toEqual(rows.slice(500, 1000));
});

it('fails if a step fails three times, keeps what was scored, and can go on', async () => {
  disturb = (name) => (name === 'BulkJoinLambdaFunction' ? named('Runtime.OutOfMemory') : undefined);
  const { status, name } = await run(await bulk.put('breaks.csv', makeFile(600)));
  expect(status).toBe('FAILED');
  expect(calls.filter((call) => call === 'BulkJoinLambdaFunction')).toHaveLength(3);
  expect(await readState(access(), 'breaks')).toMatchObject({
    kind: 'failed',
    sentence: expect.stringMatching(
      /^breaks: FAILED after 2 of 2 batches scored .*OutOfMemory: disturbed\).*bulk -- redrive breaks --stage dev$/,
    ),
  });
  // What a redrive repeats, which moto does not know.
  for (const batch of [0, 1]) await score({ run: name, batch });
  expect(await joinHandler({ run: name })).toMatchObject({ rows: 600, failed: 0, failedBatches: 0 });
  expect((await bulk.readResult('breaks')).every(({ id, label }) => label === labels[Number(id) % 3])).toBe(true);
});

it('shows the state of runs and downloads a result', async () => {
  await run(await bulk.put('shown.tsv', 'text\nthis is bad\n'));
  expect(await listRuns(access())).toContain('shown');
  expect(await readState(access(), 'shown')).toMatchObject({
    kind: 'done',
    sentence: expect.stringMatching(/^shown: done. 1 rows, 1 negative, 0 without a score; \d+ s, 0\.\d+ USD, model /),
  });
  expect(await readState(access(), 'unknown')).toEqual({ kind: 'waiting', sentence: 'unknown: no run has begun.' });
  const out = join(mkdtempSync(join(tmpdir(), 'bulk-')), 'shown.csv');
  await saveResult(access(), 'shown', out);
  expect(readFileSync(out, 'utf8')).toMatch(/^text,label,.*\nthis is bad,negative,/);
  await expect(saveResult(access(), 'unknown', out)).rejects.toThrow(
    'There is no result yet. unknown: no run has begun.',
  );
  await expect(redriveRun(access(), 'shown')).rejects.toThrow('Only a run that failed can go on. shown: done.');
});

describe('npm run bulk', () => {
  const built = buildCommands();
  const folder = mkdtempSync(join(tmpdir(), 'bulk-'));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
  };

  /** Runs the built command: its exit code and what it printed. */
  async function command(...words: string[]) {
    const child = spawn(process.execPath, [built.path('local/bulk.mjs'), ...words], { env });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code, output, errors };
  }

  beforeAll(async () => {
    const client = new CloudFormationClient({ endpoint: moto.endpoint, region: 'us-east-1' });
    const scale = { concurrency: 5, memory: 1769, architecture: 'x86_64' };
    const Outputs = {
      ModelUri: { Value: `s3://${bulk.bucket}/${prefix}` },
      BulkScale: { Value: JSON.stringify(scale) },
    };
    const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } }, Outputs });
    await client.send(new CreateStackCommand({ StackName: 'serverless-bert-dev', TemplateBody }));
  });

  it('puts a file, follows its run, shows it and gets the result', async () => {
    const file = join(folder, 'reviews.csv');
    writeFileSync(file, 'id;body\n1;this is good\n2;\n3;this is bad\n'.concat('4;the book\n'.repeat(200)));
    const putting = command('put', file, '--text-column', 'body');
    const key = `${prefix}/bulk/in/reviews.csv`;
    let head = await bulk.objects.head(key);
    for (; !head; head = await bulk.objects.head(key)) await sleep(100);
    await run({ key, etag: head.etag });
    const { code, output, errors } = await putting;
    expect([code, errors]).toEqual([0, expect.stringContaining('203 rows of about ')]);
    expect(errors).toContain('1 of 203 rows with an empty text (line 3); they are left out.');
    expect(output).toMatch(/^Uploaded to s3:.*\nreviews: done. 203 rows, .*, 1 without a score;/);
    expect((await command('status', 'reviews')).output).toMatch(/^reviews: done/);
    expect((await command('get', 'reviews', '--out', join(folder, 'scored.csv'))).code).toBe(0);
    expect(readFileSync(join(folder, 'scored.csv'), 'utf8').split('\n')[2]).toBe('2,,,,,,,,an empty text');
    expect(await command('put', file, '--text-column', 'body')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('reviews.csv: there is a run reviews already'),
    });
  });

  it('says everything that is wrong with a file before it uploads it', async () => {
    const file = join(folder, 'wrong.csv');
    writeFileSync(file, `text\n${'good\n'.repeat(9)}a,b\n`);
    const { code, errors } = await command('put', file);
    expect([code, errors]).toEqual([
      2,
      expect.stringMatching(/wrong.csv: 1 of 10 rows with too many fields \(line 11\)/),
    ]);
    expect(await bulk.objects.head(`${prefix}/bulk/in/wrong.csv`)).toBeUndefined();
  });
});
