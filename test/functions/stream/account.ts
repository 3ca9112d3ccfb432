// The stream's resources in the tests' emulator, and a way to see what the function did to them.
import { randomUUID } from 'node:crypto';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { makeBucket } from '../../s3/buckets.ts';

const region = 'us-east-1';

/** A parsed line of results. */
export type Line = Readonly<Record<string, unknown>>;

/** Creates bucket, Firehose stream and queues, and a topic whose negative results go to a queue. */
export async function makeStream({ fifo = false } = {}) {
  const bucket = await makeBucket();
  const { endpoint } = bucket;
  const settings = { endpoint, region };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const sqs = new SQSClient(settings);
  const sns = new SNSClient(settings);
  const firehose = new FirehoseClient(settings);

  const makeQueue = async (name: string, isFifo = fifo) => {
    const QueueName = `${name}-${randomUUID()}${isFifo ? '.fifo' : ''}`;
    const Attributes = isFifo ? { FifoQueue: 'true' } : {};
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return QueueUrl;
  };
  const arnOf = async (QueueUrl: string) => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
    return String((await sqs.send(asked)).Attributes?.QueueArn);
  };

  const DeliveryStreamName = `delivery-${randomUUID()}`.slice(0, 64);
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: {
        BucketARN: `arn:aws:s3:::${bucket.name}`,
        RoleARN: 'arn:aws:iam::123456789012:role/delivery',
        Prefix: 'models/results/stream/',
      },
    }),
  );
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: `results-${randomUUID()}` }));
  const negativeUrl = await makeQueue('negative', false);
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: await arnOf(negativeUrl),
      Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"label":["negative"]}' },
    }),
  );
  const queueUrl = await makeQueue('texts');
  const deadLettersUrl = await makeQueue('dead-letters');

  /** All messages of a queue, which they leave. */
  const drain = async (QueueUrl: string): Promise<Message[]> => {
    const asked = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
    return Messages.length === 0 ? [] : [...Messages, ...(await drain(QueueUrl))];
  };

  /** The results in the bucket, one list for each object, in the order of their keys. */
  const readObjects = async (): Promise<Line[][]> => {
    const Bucket = bucket.name;
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'models/results/stream/' }));
    const objects = Contents.toSorted((one, other) => Number(one.LastModified) - Number(other.LastModified));
    return Promise.all(
      objects.map(async ({ Key }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        const text = (await Body?.transformToString()) ?? '';
        return text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
      }),
    );
  };

  return {
    bucket,
    settings,
    clients: { s3, sqs, sns, firehose },
    deliveryStream: DeliveryStreamName,
    topicArn: TopicArn,
    queueUrl,
    deadLettersUrl,
    readObjects,
    readDeadLetters: () => drain(deadLettersUrl),
    readNegative: async () => (await drain(negativeUrl)).map(({ Body = '' }): Line => JSON.parse(Body)),
  };
}

/** What Lambda calls the function with. The id of each message is `m` and its place; the group is only for a FIFO queue. */
export function createEvent(bodies: readonly string[], groups?: readonly string[]): SQSEvent {
  return { Records: bodies.map((body, index) => createRecord(body, `m${index + 1}`, groups?.[index])) };
}

const createRecord = (body: string, messageId: string, MessageGroupId?: string): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-${messageId}`,
  body,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1780000000000',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: '1780000000000',
    ...(MessageGroupId && { MessageGroupId }),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:texts${MessageGroupId ? '.fifo' : ''}`,
  awsRegion: region,
});
