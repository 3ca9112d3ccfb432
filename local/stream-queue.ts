// What is in the queue of a stage, and the way back from its dead letters.
import {
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';

/** The queue of a stage and its dead letters. */
export interface StreamQueues {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly deadLettersUrl: string;
}

interface Depth {
  readonly arn: string;
  readonly waiting: number;
  readonly taken: number;
}

async function readDepth(client: SQSClient, QueueUrl: string): Promise<Depth> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['QueueArn', 'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    arn: Attributes.QueueArn ?? '',
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    taken: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

/** The reasons of up to ten dead letters, which stay where they are. */
async function readReasons(client: SQSClient, QueueUrl: string): Promise<readonly string[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['reason'],
    }),
  );
  return Messages.map(
    ({ MessageAttributes: { reason } = {} }) => reason?.StringValue ?? 'no reason: it failed ten times on our side',
  );
}

function countEach(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `  ${count} × ${reason}\n`).join('');
}

/** Says how many messages wait, and the reasons of the first dead letters. */
export async function describeQueues({ client, queueUrl, deadLettersUrl }: StreamQueues): Promise<string> {
  const [queue, dead] = await Promise.all([readDepth(client, queueUrl), readDepth(client, deadLettersUrl)]);
  const reasons = dead.waiting > 0 ? countEach(await readReasons(client, deadLettersUrl)) : '';
  return `Queue: ${queue.waiting} waiting, ${queue.taken} being scored.\nDead letters: ${dead.waiting}.\n${reasons}`;
}

/**
 * Moves all dead letters back to the queue and waits until they are moved. Returns a sentence. The destination is named because
 * the function sent most of them, and SQS knows no source of such messages.
 *
 * @throws Error if the move fails.
 */
export async function redriveDeadLetters(
  { client, queueUrl, deadLettersUrl }: StreamQueues,
  pause: () => Promise<unknown>,
): Promise<string> {
  const [queue, dead] = await Promise.all([readDepth(client, queueUrl), readDepth(client, deadLettersUrl)]);
  if (dead.waiting === 0) return 'There are no dead letters.\n';
  const move = { SourceArn: dead.arn, DestinationArn: queue.arn };
  const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand(move));
  for (;;) {
    const asked = new ListMessageMoveTasksCommand({ SourceArn: dead.arn, MaxResults: 10 });
    const { Results: [task] = [] } = await client.send(asked);
    const moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
    if (task?.Status === 'COMPLETED') return `Moved ${moved} messages back to the queue.\n`;
    if (task?.Status !== 'RUNNING')
      throw new Error(`The move ${TaskHandle} ended after ${moved} messages: ${task?.FailureReason ?? task?.Status}.`);
    await pause();
  }
}
