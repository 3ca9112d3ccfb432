import { randomUUID } from 'node:crypto';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createApp } from '../../../functions/predict/app.ts';
import type { Feedback, FeedbackOptions } from '../../../functions/predict/feedback-stream.ts';
import { createFeedbackStream } from '../../../functions/predict/feedback-stream.ts';
import { makeBucket } from '../../s3/buckets.ts';
import { createRecord, createTinyService } from './tiny-service.ts';

/** A service that takes feedback and has no model, since feedback needs none. */
function createService(options: Partial<FeedbackOptions> = {}, findKey?: (key: string) => Promise<string | undefined>) {
  const kept: Feedback[] = [];
  const { lines, log } = createRecord();
  const { models } = createTinyService('/no/such/folder');
  const keep = async (feedback: Feedback) => void kept.push(feedback);
  const app = createApp({ models, log, findKey, feedback: { keep, texts: true, ...options } });
  const send = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text };
    const response = await app.request('/feedback', request);
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
  };
  return { app, send, kept, lines };
}

const requestId = randomUUID();

it('keeps the right class of a request or of a text, with the time and the name of the key', async () => {
  const { send, kept, lines } = createService({}, async (key) => (key === 'secret' ? 'anna' : undefined));
  const headers = { 'X-Api-Key': 'secret' };
  expect(await send({ requestId, label: 'negative' }, headers)).toMatchObject({
    status: 202,
    body: { status: 'accepted' },
  });
  await send({ text: 'not my thing', label: 'negative' }, headers);
  const receivedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(kept).toEqual([
    { receivedAt, requestId, label: 'negative', key: 'anna' },
    { receivedAt, text: 'not my thing', label: 'negative', key: 'anna' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('not my thing');
});

it('asks for a key where the service does', async () => {
  const { send, kept } = createService({}, async () => undefined);
  expect(await send({ requestId, label: 'negative' })).toMatchObject({
    status: 401,
    body: { error: { code: 'KEY_MISSING' } },
  });
  expect(kept).toEqual([]);
});

it.each<[string, unknown, number, string, string]>([
  ['no label', { requestId }, 400, 'BODY_INVALID', 'The field "label" is missing: give "negative", "neutral" or'],
  ['an unknown label', { requestId, label: 'good' }, 400, 'BODY_INVALID', 'The field "label" is "good": give'],
  ['neither request nor text', { label: 'neutral' }, 400, 'BODY_INVALID', 'has neither "text" nor "requestId"'],
  ['an id that is none', { requestId: 'a b', label: 'neutral' }, 400, 'BODY_INVALID', '"requestId" is no id'],
  ['an unknown field', { requestId, label: 'neutral', mood: 1 }, 400, 'BODY_INVALID', 'has "mood", which is no field'],
  ['a blank text', { text: ' \n', label: 'neutral' }, 400, 'SENTENCE_BLANK', 'only white space'],
  ['a text that is too long', { text: 'a'.repeat(100_001), label: 'neutral' }, 413, 'SENTENCE_TOO_LONG', '100,000'],
  ['half a pair', '{"text": "\\ud800", "label": "neutral"}', 400, 'BODY_INVALID', 'half of a surrogate pair'],
  ['a list', [], 400, 'BODY_INVALID', 'The body is a list: give an object'],
  ['no JSON', '{', 400, 'BODY_MALFORMED', 'The body is no JSON'],
])('refuses %s in one sentence', async (_what, body, status, code, message) => {
  const { send, kept } = createService();
  expect(await send(body)).toMatchObject({
    status,
    body: { error: { code, message: expect.stringContaining(message) } },
  });
  expect(kept).toEqual([]);
});

it('refuses a form', async () => {
  const { send } = createService();
  expect(await send('label=neutral', { 'Content-Type': 'application/x-www-form-urlencoded' })).toMatchObject({
    status: 415,
    body: { error: { message: 'Send the body as application/json, in UTF-8 and not compressed.' } },
  });
});

it('refuses a text where none is kept, and takes the id of a request', async () => {
  const { send, kept } = createService({ texts: false });
  expect(await send({ text: 'not my thing', requestId, label: 'negative' })).toMatchObject({
    status: 400,
    body: { error: { message: 'The body has "text", which is no field of this service: leave it out.' } },
  });
  expect((await send({ requestId, label: 'negative' })).status).toBe(202);
  expect(kept).toMatchObject([{ requestId, label: 'negative' }]);
});

it('has no such route without a place for feedback', async () => {
  const { models } = createTinyService('/no/such/folder');
  const app = createApp({ models, log: createRecord().log });
  expect((await app.request('/feedback', { method: 'POST' })).status).toBe(404);
});

describe('the delivery stream', () => {
  /** A delivery stream into a bucket of its own. */
  async function makeStream() {
    const bucket = await makeBucket();
    const { endpoint, name: bucketName } = bucket;
    const name = `feedback-${randomUUID()}`;
    const destination = { RoleARN: 'arn:aws:iam::123456789012:role/delivery', BucketARN: `arn:aws:s3:::${bucketName}` };
    const firehose = new FirehoseClient({ endpoint, region: 'us-east-1' });
    const stream = { DeliveryStreamName: name, DeliveryStreamType: 'DirectPut' as const };
    const Prefix = 'dev/feedback/';
    await firehose.send(
      new CreateDeliveryStreamCommand({ ...stream, ExtendedS3DestinationConfiguration: { ...destination, Prefix } }),
    );
    const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const read = async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucketName, Prefix }));
      const objects = Contents.map(({ Key }) => s3.send(new GetObjectCommand({ Bucket: bucketName, Key })));
      const bodies = (await Promise.all(objects)).map(async ({ Body }) => (await Body?.transformToString()) ?? '');
      return (await Promise.all(bodies)).join('');
    };
    return { name, endpoint, read };
  }

  const environmentOf = (endpoint: string) => ({
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

  it('brings feedback into the bucket as a line of JSON, characters of every plane included', async () => {
    const { name, endpoint, read } = await makeStream();
    const { send } = createService({ keep: createFeedbackStream(name, environmentOf(endpoint)) });
    expect((await send({ text: 'très déçu 😞', label: 'negative' })).status).toBe(202);
    const text = await read();
    expect(text.endsWith('\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      receivedAt: expect.any(String),
      text: 'très déçu 😞',
      label: 'negative',
    });
  });

  it('that does not take it is answered with 503, and the log says why, without the text', async () => {
    const { endpoint } = await makeStream();
    const { send, lines } = createService({ keep: createFeedbackStream('none', environmentOf(endpoint)) });
    const { status, headers, body } = await send({ text: 'not my thing', label: 'negative' });
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    expect(body).toMatchObject({ error: { code: 'FEEDBACK_UNAVAILABLE' } });
    const written = JSON.stringify(lines);
    expect(written).toContain('The delivery stream none took no feedback: ResourceNotFoundException.');
    expect(written).not.toContain('not my thing');
  });
});
