import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import type { ScoredRecord } from '../../layers/prediction/index.ts';
import { createBatcher, readFailures } from './batcher.ts';

/** Publishes a result. Rejects if the topic did not take it. */
export type Publish = (result: ScoredRecord) => Promise<void>;

/** Limits of one PublishBatch. */
const mostMessages = 10;
const mostBytes = 256 * 1024;

interface Message {
  readonly label: string;
  readonly text: string;
}

/** Creates the function that publishes results to an SNS topic, with the attribute `label` for subscriptions to filter by. */
export function createPublish(TopicArn: string, client = new SNSClient()): Publish {
  const publish = createBatcher<Message>(
    async (messages) => {
      const PublishBatchRequestEntries = messages.map(({ label, text }, index) => ({
        Id: String(index),
        Message: text,
        MessageAttributes: { label: { DataType: 'String', StringValue: label } },
      }));
      const { Failed } = await client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
      return readFailures(messages.length, Failed);
    },
    { items: mostMessages, bytes: mostBytes, sizeOf: ({ text, label }) => Buffer.byteLength(text) + label.length + 20 },
  );
  return (result) => publish({ label: result.label, text: JSON.stringify(result) });
}
