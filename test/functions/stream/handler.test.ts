import { FirehoseClient } from '@aws-sdk/client-firehose';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { createSendDeadLetter } from '../../../functions/stream/dead-letters.ts';
import { createDelivery } from '../../../functions/stream/delivery.ts';
import { createHandler } from '../../../functions/stream/handler.ts';
import { createPublish } from '../../../functions/stream/topic.ts';
import { createModelProvider, loadModel } from '../../../layers/prediction/index.ts';
import type { Measure } from '../../../layers/telemetry/index.ts';
import { configure, createRecord } from '../predict/tiny-service.ts';
import { firstVersion, writeTinyStore } from '../predict/tiny-store.ts';
import { createEvent, makeStream } from './account.ts';
import { startFaultyFirehose } from './faulty-firehose.ts';

const folder = await writeTinyStore();
const stops: (() => unknown)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));
const now = () => new Date('2026-11-28T09:12:44.031Z');

interface Variant {
  readonly fifo?: boolean;
  readonly firehose?: FirehoseClient;
  readonly drift?: boolean;
}

/** The handler over the emulator, or over another Firehose. */
async function prepare({ fifo = false, firehose, drift = false }: Variant = {}) {
  const stream = await makeStream({ fifo });
  const { lines, log } = createRecord();
  const measures: Measure[] = [];
  const models = createModelProvider(() => loadModel(configure(folder), { log }));
  stops.push(async () => models.loaded()?.classifier.release());
  const handler = createHandler({
    models,
    deliver: createDelivery(stream.deliveryStream, firehose ?? stream.clients.firehose),
    publish: createPublish(stream.topicArn, stream.clients.sns),
    sendDeadLetter: createSendDeadLetter(stream.deadLettersUrl, stream.clients.sqs),
    drift,
    meter: { record: (more) => void measures.push(...more) },
    log,
    now,
  });
  const counts = () => Object.fromEntries(measures.map(({ name, value }) => [name, value]));
  return { ...stream, handler, counts, lines, models };
}

describe('a batch of messages', () => {
  it('becomes one object of results, in the order of the messages, each with its id', async () => {
    const { handler, readObjects, counts } = await prepare();
    const bodies = ['a good book', '{"id":7,"text":"a bad book","user":"ann"}', '{"text":"the best book"}'];
    expect(await handler(createEvent(bodies))).toEqual({ batchItemFailures: [] });
    expect(await readObjects()).toEqual([
      [
        expect.objectContaining({ id: 'm1', label: 'positive', model: firstVersion, scoredAt: now().toISOString() }),
        expect.objectContaining({ id: 7, label: 'negative', user: 'ann' }),
        expect.objectContaining({ id: 'm3', label: 'positive' }),
      ],
    ]);
    expect(counts()).toMatchObject({ Scored: 3, DeadLetters: 0, Undelivered: 0 });
  });

  it('is counted by bin and class where drift is measured', async () => {
    const { handler, counts } = await prepare({ drift: true });
    await handler(createEvent(['a good book', 'a bad book', ' ']));
    expect(counts()).toMatchObject({ Scored: 2, LengthBin1: 2, UnknownBin1: 2, Positive: 1, Negative: 1 });
  });

  it('of a hundred is delivered in one call', async () => {
    const firehose = await startFaultyFirehose(() => false);
    stops.push(firehose.stop);
    const { handler } = await prepare({ firehose: firehose.client });
    await handler(createEvent(Array.from({ length: 100 }, (_, index) => `good book ${index}`)));
    expect(firehose.calls.map(({ length }) => length)).toEqual([100]);
  });

  it('goes to the topic, whose subscribers choose by label', async () => {
    const { handler, readNegative } = await prepare();
    await handler(createEvent(['a good book', 'a bad book', ...Array.from({ length: 11 }, () => 'bad')]));
    const negative = await readNegative();
    expect(negative).toHaveLength(12);
    expect(negative).toContainEqual(expect.objectContaining({ id: 'm2', label: 'negative' }));
  });

  it('is logged in one line, without any text', async () => {
    const { handler, lines } = await prepare();
    await handler(createEvent(['a good book', ' ']), { awsRequestId: 'request-1' });
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'messages handled',
        requestId: 'request-1',
        messages: 2,
        scored: 1,
        deadLetters: 1,
        undelivered: 0,
      }),
    );
    expect(JSON.stringify(lines)).not.toContain('good book');
  });
});

describe('a message that can never be scored', () => {
  it('is in the dead letters as it came, with the reason, and holds up no other', async () => {
    const { handler, readObjects, readDeadLetters, counts } = await prepare();
    const bodies = ['{"text": broken', ' ', 'a good book', '{"id":"x","text":"  "}', 'a'.repeat(100_001)];
    expect(await handler(createEvent(bodies))).toEqual({ batchItemFailures: [] });
    const letters = (await readDeadLetters()).map(({ Body, MessageAttributes }) => ({
      body: Body,
      reason: MessageAttributes?.reason?.StringValue,
      id: MessageAttributes?.messageId?.StringValue,
    }));
    expect(letters).toHaveLength(4);
    expect(letters).toEqual(
      expect.arrayContaining([
        { id: 'm1', body: '{"text": broken', reason: expect.stringMatching(/^MESSAGE_MALFORMED: The message begins/) },
        { id: 'm2', body: ' ', reason: expect.stringMatching(/^SENTENCE_BLANK: /) },
        { id: 'm4', body: '{"id":"x","text":"  "}', reason: expect.stringMatching(/^SENTENCE_BLANK: /) },
        { id: 'm5', body: 'a'.repeat(100_001), reason: expect.stringMatching(/^SENTENCE_TOO_LONG: /) },
      ]),
    );
    expect((await readObjects()).flat()).toEqual([expect.objectContaining({ id: 'm3' })]);
    expect(counts()).toMatchObject({ Scored: 1, DeadLetters: 4 });
  });

  it('as large as the queue takes fits into the dead letters with its reason', async () => {
    const { handler, readDeadLetters } = await prepare();
    await handler(createEvent(['é'.repeat(258_048 / 2)]));
    expect(await readDeadLetters()).toHaveLength(1);
  });

  it('stays in the queue if the dead letters do not take it', async () => {
    const { handler, clients, deadLettersUrl, lines } = await prepare();
    await clients.sqs.send(new DeleteQueueCommand({ QueueUrl: deadLettersUrl }));
    expect(await handler(createEvent([' ', 'a good book']))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(lines).toContainEqual(expect.objectContaining({ message: 'message stays in the queue', messageId: 'm1' }));
  });
});

describe('results that Firehose does not take', () => {
  it('are sent again if it refuses some of them for a moment', async () => {
    const firehose = await startFaultyFirehose((line, before) => line.includes('"m2"') && before === 0);
    stops.push(firehose.stop);
    const { handler } = await prepare({ firehose: firehose.client });
    expect(await handler(createEvent(['good', 'bad', 'best']))).toEqual({ batchItemFailures: [] });
    expect(firehose.taken().map(({ id }) => id)).toEqual(['m1', 'm3', 'm2']);
  });

  it('leave their messages in the queue, and only those', async () => {
    const firehose = await startFaultyFirehose((line) => line.includes('"m2"'));
    stops.push(firehose.stop);
    const { handler, counts, readNegative } = await prepare({ firehose: firehose.client });
    expect(await handler(createEvent(['good', 'bad', 'best']))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm2' }],
    });
    expect(counts()).toMatchObject({ Scored: 2, Undelivered: 1 });
    expect(await readNegative()).toEqual([]);
  });

  it('fail the batch if there is no Firehose, so that all messages stay and the alarm rings', async () => {
    const firehose = new FirehoseClient({ endpoint: 'http://127.0.0.1:9', region: 'us-east-1', maxAttempts: 1 });
    const { handler, counts, readDeadLetters } = await prepare({ firehose });
    await expect(handler(createEvent(['good', 'bad']))).rejects.toThrow('All records failed');
    expect(counts()).toMatchObject({ Scored: 0, Undelivered: 2 });
    expect(await readDeadLetters()).toEqual([]);
  });
});

describe('messages of a FIFO queue', () => {
  it('are delivered one by one, in their order', async () => {
    const firehose = await startFaultyFirehose(() => false);
    stops.push(firehose.stop);
    const { handler } = await prepare({ fifo: true, firehose: firehose.client });
    await handler(createEvent(['good', 'bad', 'best'], ['one', 'one', 'two']));
    expect(firehose.calls.map((lines) => lines.map((line) => JSON.parse(line).id))).toEqual([['m1'], ['m2'], ['m3']]);
  });

  it('wait for an earlier one of their group that failed, and for no other group', async () => {
    const firehose = await startFaultyFirehose((line) => line.includes('"m2"'));
    stops.push(firehose.stop);
    const { handler } = await prepare({ fifo: true, firehose: firehose.client });
    const event = createEvent(['good', 'bad', 'best', 'good', 'bad'], ['one', 'one', 'two', 'one', 'two']);
    expect(await handler(event)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm2' }, { itemIdentifier: 'm4' }],
    });
    expect(firehose.taken().map(({ id }) => id)).toEqual(['m1', 'm3', 'm5']);
  });

  it('go to dead letters in their order if they cannot be scored', async () => {
    const { handler, readDeadLetters } = await prepare({ fifo: true });
    await handler(createEvent([' ', '{', 'good'], ['one', 'one', 'one']));
    expect((await readDeadLetters()).map(({ Body }) => Body)).toEqual([' ', '{']);
  });
});

describe('without a model', () => {
  it('all messages stay in the queue', async () => {
    const { log } = createRecord();
    const handler = createHandler({
      models: createModelProvider(() => loadModel(configure('/nowhere'), { log })),
      deliver: async () => undefined,
      publish: undefined,
      sendDeadLetter: async () => undefined,
      meter: { record: () => undefined },
      log,
    });
    await expect(handler(createEvent(['good']))).rejects.toThrow('/nowhere');
  });

  it('of one text, only its message stays', async () => {
    const { handler, models } = await prepare();
    const { classifier } = await models.current();
    const { classify } = classifier;
    Object.assign(classifier, {
      classify: (text: string) => (text === 'bad' ? Promise.reject(new Error('the run failed')) : classify(text)),
    });
    expect(await handler(createEvent(['good', 'bad']))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] });
  });
});
