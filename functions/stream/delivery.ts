import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { createBatcher } from './batcher.ts';

/** Keeps a result. Rejects if it was not taken. */
export type Deliver = (result: object) => Promise<void>;

/** Limits of one PutRecordBatch. */
const mostRecords = 500;
const mostBytes = 4 * 1024 * 1024;

/** Creates the delivery of results to a Firehose stream, a line of JSON each. */
export function createDelivery(DeliveryStreamName: string, client = new FirehoseClient()): Deliver {
  const putLine = createBatcher<Buffer>(
    async (lines) => {
      const Records = lines.map((Data) => ({ Data }));
      const { RequestResponses = [] } = await client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }));
      return RequestResponses.map(({ ErrorCode, ErrorMessage }) =>
        ErrorCode ? new Error(`Firehose did not take the result: ${ErrorCode}, ${ErrorMessage}`) : undefined,
      );
    },
    { items: mostRecords, bytes: mostBytes, sizeOf: ({ length }) => length },
  );
  return (result) => putLine(Buffer.from(`${JSON.stringify(result)}\n`));
}
