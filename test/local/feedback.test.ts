import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { S3Client } from '@aws-sdk/client-s3';
import type { Feedback } from '../../functions/predict/feedback-stream.ts';
import { describeReview } from '../../local/feedback.ts';
import { reviewFeedback } from '../../local/feedback-review.ts';
import { findLoggedTexts, readFolder, readLines } from '../../local/feedback-source.ts';
import { findEndpoint, makeBucket } from '../s3/buckets.ts';

const configuration = { endpoint: findEndpoint(), region: 'us-east-1' };

const create = (feedback: Partial<Feedback>): Feedback => ({
  receivedAt: '2026-11-28T09:00:00.000Z',
  label: 'negative',
  ...feedback,
});

const toLines = (...feedback: readonly Feedback[]) => feedback.map((one) => `${JSON.stringify(one)}\n`).join('');

describe('the table', () => {
  const none = new Map<string, string>();
  const rowsOf = (feedback: readonly Feedback[], texts: ReadonlyMap<string, string> = none) =>
    reviewFeedback(feedback, texts).rows.slice(1);

  it('has a row for each text, with the label for a person to fill', () => {
    const feedback = [create({ text: 'meh', key: 'anna' }), create({ text: 'fine', label: 'positive', key: 'ben' })];
    expect(reviewFeedback(feedback, none).rows).toEqual([
      ['text', 'label', 'proposed', 'given', 'count', 'keys', 'requests', 'last'],
      ['meh', '', 'negative', 'negative 1', '1', 'anna', '', '2026-11-28T09:00:00.000Z'],
      ['fine', '', 'positive', 'positive 1', '1', 'ben', '', '2026-11-28T09:00:00.000Z'],
    ]);
  });

  it('counts what a caller repeats once, and texts that differ in white space as one', () => {
    const again = create({ text: 'a  long\nday ', key: 'anna', receivedAt: '2026-11-28T10:00:00.000Z' });
    expect(
      rowsOf([create({ text: 'a long day', key: 'anna' }), again, create({ text: 'a long day', key: 'ben' })]),
    ).toEqual([['a long day', '', 'negative', 'negative 2', '2', 'anna ben', '', '2026-11-28T10:00:00.000Z']]);
  });

  it('lists conflicts first and proposes nothing for them', () => {
    const feedback = [
      ...['anna', 'ben', 'cleo'].map((key) => create({ text: 'sure', key })),
      create({ text: 'so so', key: 'anna' }),
      create({ text: 'so so', key: 'ben', label: 'neutral' }),
    ];
    expect(rowsOf(feedback).map(([text, , proposed, given]) => [text, proposed, given])).toEqual([
      ['so so', '', 'negative 1, neutral 1'],
      ['sure', 'negative', 'negative 3'],
    ]);
    expect(reviewFeedback(feedback, none).conflicts).toBe(1);
  });

  it('finds the text of a request, and names a request whose text is not known', () => {
    const feedback = [create({ requestId: 'known' }), create({ requestId: 'unknown' })];
    const review = reviewFeedback(feedback, new Map([['known', 'meh']]));
    expect(review.rows.slice(1)).toMatchObject([
      ['meh', '', 'negative', 'negative 1', '1', '', 'known', expect.any(String)],
    ]);
    expect(describeReview({ feedback, faulty: 2 }, review).split('\n')).toEqual([
      '2 pieces of feedback on 1 texts. Fill the column label of the rows that training may have, and delete the others.',
      '1 requests have no text: it was not logged (logText), or they had a list: unknown.',
      '2 lines are no feedback and were left out.',
    ]);
  });
});

it('leaves out lines that are no feedback', () => {
  const text = `${toLines(create({ text: 'meh' }))}{"label":\n\n{"label": "good", "receivedAt": "now"}\n`;
  expect(readLines(text)).toEqual({ feedback: [create({ text: 'meh' })], faulty: 2 });
});

it('reads every object of the folder, packed or not, and none of its neighbours', async () => {
  const bucket = await makeBucket();
  await bucket.put(
    'dev/feedback/2026/11/28/09/a.jsonl.gz',
    gzipSync(toLines(create({ text: 'one' }), create({ text: 'two' }))),
  );
  await bucket.put('dev/feedback/2026/11/28/10/b', toLines(create({ text: 'three' })));
  await bucket.put('dev/results/stream/c', toLines(create({ text: 'four' })));
  const client = new S3Client({ ...configuration, forcePathStyle: true });
  const { feedback, faulty } = await readFolder(client, { bucket: bucket.name, prefix: 'dev/feedback/' });
  expect(feedback.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(faulty).toBe(0);
});

it('finds texts in the log of predict, but not those of a list', async () => {
  const logs = new CloudWatchLogsClient(configuration);
  const logGroupName = `/aws/lambda/${randomUUID()}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }));
  const lines = [
    { message: 'request', requestId: 'one', text: 'meh' },
    { message: 'request', requestId: 'list', texts: 2, text: 'meh\nfine' },
    { message: 'request', requestId: 'silent' },
  ];
  const logEvents = lines.map((line) => ({ timestamp: Date.now(), message: JSON.stringify(line) }));
  logEvents.push({ timestamp: Date.now(), message: 'REPORT RequestId: one' });
  await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: 's', logEvents }));
  const found = await findLoggedTexts(logs, logGroupName, new Date(Date.now() - 60_000));
  expect([...found]).toEqual([['one', 'meh']]);
});
