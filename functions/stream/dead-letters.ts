import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { createBatcher, readFailures } from './batcher.ts';

/** A message that can never be scored, and why. */
export interface DeadLetter {
  readonly record: SQSRecord;
  readonly reason: string;
}

/** Sends a message to the dead letters. Rejects if they did not take it. */
export type SendDeadLetter = (letter: DeadLetter) => Promise<void>;

/** Limits of one SendMessageBatch. */
const mostMessages = 10;
const mostBytes = 256 * 1024;

const text = (StringValue: string) => ({ DataType: 'String', StringValue });

/** In a FIFO queue a message keeps its group. Its own id tells SQS that it is the same message if it is sent twice. */
const orderOf = ({ messageId, attributes: { MessageGroupId } }: SQSRecord) =>
  MessageGroupId && { MessageGroupId, MessageDeduplicationId: messageId };

/** Finds SQS by the region or by AWS_ENDPOINT_URL, as the other clients do. By default the address of the queue would decide. */
const openQueues = () => new SQSClient({ useQueueUrlAsEndpoint: false });

/**
 * Creates the function that sends messages to the queue of dead letters as they came, with the attributes `reason` and
 * `messageId`. SQS itself would move them without a reason (docs/decisions/0072-dead-letters-with-a-reason.md).
 */
export function createSendDeadLetter(QueueUrl: string, client = openQueues()): SendDeadLetter {
  return createBatcher<DeadLetter>(
    async (letters) => {
      const Entries = letters.map(({ record, reason }, index) => ({
        Id: String(index),
        MessageBody: record.body,
        MessageAttributes: { reason: text(reason), messageId: text(record.messageId) },
        ...orderOf(record),
      }));
      const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      return readFailures(letters.length, Failed);
    },
    {
      items: mostMessages,
      bytes: mostBytes,
      // Names and types of the attributes count too.
      sizeOf: ({ record, reason }) => Buffer.byteLength(record.body) + Buffer.byteLength(reason) + 100,
    },
  );
}
