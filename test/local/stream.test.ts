import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createSendDeadLetter } from '../../functions/stream/dead-letters.ts';
import { openFile, openTable } from '../../layers/reader/index.ts';
import { parseReaderFlags } from '../../local/reader-flags.ts';
import { createStreamCommand, type PutOptions } from '../../local/stream.ts';
import { type OutgoingMessage, readPipe, readRows, sendMessages } from '../../local/stream-put.ts';
import { describeQueues, redriveDeadLetters } from '../../local/stream-queue.ts';
import { followResults } from '../../local/stream-results.ts';
import { createEvent, makeStream } from '../functions/stream/account.ts';

const folder = mkdtempSync(join(tmpdir(), 'stream-put-'));
const signal = new AbortController().signal;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* list<T>(...items: T[]) {
  yield* items;
}

async function readFile(name: string, content: string) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const table = await openTable(await openFile(path), parseReaderFlags({}), false);
  return collect(readRows(path, table));
}

const bodiesOf = (messages: readonly OutgoingMessage[]) => messages.map(({ body }) => JSON.parse(body));

describe('the messages of a file', () => {
  it('have the text, the other columns, and an id that names the row', async () => {
    const messages = await readFile('tweets.csv', 'tweet,user\n"good, very",ann\nbad,bob\n');
    expect(bodiesOf(messages)).toEqual([
      { id: 'tweets.csv:1', text: 'good, very', user: 'ann' },
      { id: 'tweets.csv:2', text: 'bad', user: 'bob' },
    ]);
  });

  it("have the file's own ids and groups", async () => {
    const messages = await readFile('own.jsonl', '{"id":"a","text":"good","group":"x"}\n{"id":"b","text":"bad"}\n');
    expect(bodiesOf(messages)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect(messages.map(({ group }) => group)).toEqual(['x', 'b']);
  });

  it('are refused with the line if one is larger than the queue takes', async () => {
    await expect(readFile('large.csv', `text\ngood\n${'é'.repeat(130_000)}\n`)).rejects.toThrow(
      /large\.csv, line 3: it is larger than the 252 KiB/,
    );
  });
});

it('the messages of a pipe are its lines, without blank ones', async () => {
  const messages = await collect(readPipe(list('good', '', '{"text":"bad","id":7}')));
  expect(messages).toEqual([
    { row: 1, body: 'good', group: 'line-1' },
    { row: 3, body: '{"text":"bad","id":7}', group: '7' },
  ]);
});

describe('sending', () => {
  const create = (count: number, group = (row: number) => `group-${row}`) =>
    list(
      ...Array.from({ length: count }, (_, index) => ({ row: index + 1, body: `t${index + 1}`, group: group(index) })),
    );

  const receiveAll = async (client: SQSClient, QueueUrl: string): Promise<string[]> => {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return [];
    return [...Messages.map(({ Body = '' }) => Body), ...(await receiveAll(client, QueueUrl))];
  };

  it('brings every message into the queue, and tells how far it is', async () => {
    const { clients, queueUrl } = await makeStream();
    const sent = await collect(sendMessages(create(25), { client: clients.sqs, queueUrl, signal }));
    expect(sent).toEqual([10, 20, 25]);
    expect(new Set(await receiveAll(clients.sqs, queueUrl)).size).toBe(25);
  });

  it('keeps the order of a group in a FIFO queue, no two of which share a batch', async () => {
    const { clients, queueUrl } = await makeStream({ fifo: true });
    const messages = create(9, (index) => `group-${index % 3}`);
    const sent = await collect(sendMessages(messages, { client: clients.sqs, queueUrl, signal }));
    expect(sent).toEqual([3, 6, 9]);
  });

  it('ends at a failure, after the rows that are in the queue', async () => {
    const { clients, queueUrl } = await makeStream();
    async function* failing() {
      yield* create(10);
      yield { row: 11, body: 't11', group: 'a' };
      throw new Error('the file ended early');
    }
    const sending = sendMessages(failing(), { client: clients.sqs, queueUrl, signal });
    expect((await sending.next()).value).toBe(10);
    await expect(sending.next()).rejects.toThrow('the file ended early');
  });
});

describe('the queues', () => {
  it('are described with the reasons of dead letters, which stay', async () => {
    const { clients, queueUrl, deadLettersUrl } = await makeStream();
    const queues = { client: clients.sqs, queueUrl, deadLettersUrl };
    expect(await describeQueues(queues)).toBe('Queue: 0 waiting, 0 being scored.\nDead letters: 0.\n');
    const send = createSendDeadLetter(deadLettersUrl, clients.sqs);
    const reasons = ['TEXT_MISSING: a', 'TEXT_MISSING: a', 'SENTENCE_BLANK: b'];
    const { Records } = createEvent(['{}', '{}', ' ']);
    await Promise.all(Records.map((record, index) => send({ record, reason: reasons[index] ?? '' })));
    for (const _ of [1, 2]) {
      const text = await describeQueues(queues);
      expect(text).toContain('Dead letters: 3.\n');
      expect(text).toContain('  2 × TEXT_MISSING: a\n');
      expect(text).toContain('  1 × SENTENCE_BLANK: b\n');
    }
  });

  /** The emulator moves no messages, so this server answers as SQS does. */
  async function startMover(statuses: readonly string[]) {
    const asked: { readonly action: string; readonly input: Readonly<Record<string, unknown>> }[] = [];
    let listed = 0;
    const server = createServer(async (request, response) => {
      const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
      const input = (await json(request)) as Readonly<Record<string, unknown>>;
      asked.push({ action, input });
      const QueueArn = String(input.QueueUrl).includes('dead') ? 'arn:dead' : 'arn:queue';
      const Status = action === 'ListMessageMoveTasks' ? statuses[listed++] : undefined;
      const answers: Readonly<Record<string, unknown>> = {
        GetQueueAttributes: { Attributes: { QueueArn, ApproximateNumberOfMessages: '3' } },
        StartMessageMoveTask: { TaskHandle: 'handle' },
        ListMessageMoveTasks: {
          Results: [{ Status, ApproximateNumberOfMessagesMoved: 3, FailureReason: 'AccessDenied' }],
        },
      };
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answers[action]));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new SQSClient({ endpoint, region: 'us-east-1', credentials });
    const queues = { client, queueUrl: `${endpoint}/1/queue`, deadLettersUrl: `${endpoint}/1/dead` };
    const stop = () => {
      server.closeAllConnections();
      server.close();
    };
    return { queues, asked, stop };
  }

  it('get their dead letters back by a move that names the destination', async () => {
    const { queues, asked, stop } = await startMover(['RUNNING', 'COMPLETED']);
    expect(await redriveDeadLetters(queues, async () => undefined)).toBe('Moved 3 messages back to the queue.\n');
    expect(asked).toContainEqual({
      action: 'StartMessageMoveTask',
      input: { SourceArn: 'arn:dead', DestinationArn: 'arn:queue' },
    });
    stop();
  });

  it('say why a move failed', async () => {
    const { queues, stop } = await startMover(['FAILED']);
    await expect(redriveDeadLetters(queues, async () => undefined)).rejects.toThrow(
      'ended after 3 messages: AccessDenied',
    );
    stop();
  });
});

it('results are shown as they arrive, packed or not, each object once', async () => {
  const { bucket, clients } = await makeStream();
  const hour = new Date().toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');
  const put = (name: string, lines: string) =>
    bucket.put(`models/results/stream/${hour}/${name}`, name.endsWith('.gz') ? gzipSync(lines) : lines);
  await put('one', '{"id":1}\n{"id":2}\n');
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
    if (pauses === 1) await put('two.jsonl.gz', '{"id":3}\n');
    if (pauses === 3) throw new Error('enough');
  };
  const results = { client: clients.s3, bucket: bucket.name, prefix: 'models/results/stream/' };
  const lines: string[] = [];
  const following = async () => {
    for await (const line of followResults(results, new Date(Date.now() - 60_000), pause)) lines.push(line);
  };
  await expect(following()).rejects.toThrow('enough');
  expect(lines).toEqual(['{"id":1}', '{"id":2}', '{"id":3}']);
});

describe('npm run stream', () => {
  async function parse(...args: string[]) {
    const calls: unknown[] = [];
    const note =
      (name: string) =>
      async (...given: unknown[]) =>
        void calls.push([name, ...given]);
    const actions = { put: note('put'), tail: note('tail'), status: note('status'), redrive: note('redrive') };
    await createStreamCommand(actions).parseAsync(args, { from: 'user' });
    return calls;
  }

  it('takes a file, the stage and the first row', async () => {
    const [[, options] = []] = (await parse('put', 'a.csv', '--from', '7', '--stage', 'prod')) as [
      string,
      PutOptions,
    ][];
    expect(options).toMatchObject({ path: 'a.csv', from: 7, stage: 'prod' });
    expect(await parse('tail', '--since', '5')).toEqual([['tail', 'dev', 5]]);
    expect(await parse('status', '--stage', 'prod')).toEqual([['status', 'prod']]);
    expect(await parse('redrive')).toEqual([['redrive', 'dev']]);
  });

  it('refuses what it does not take in one sentence', async () => {
    await expect(parse('put')).rejects.toThrow("Missing required argument 'file'.");
    await expect(parse('put', 'a.csv', '--from', '0')).rejects.toThrow('--from takes a whole number from 1');
    await expect(parse('send')).rejects.toThrow('--help lists what there is.');
  });
});
