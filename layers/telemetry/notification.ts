import { describeFailure, type Log } from './log.ts';

/** A message for people: a subject of one line and a text. */
export interface Message {
  readonly subject: string;
  readonly text: string;
}

/** Sends a message to people. */
export type Notify = (message: Message) => Promise<void>;

/** SNS takes a subject of at most 100 characters. */
const maxSubjectLength = 100;

/**
 * Creates the function that publishes to an SNS topic. Without a topic it does nothing. The client reads endpoint and region
 * from the environment, as all AWS clients do.
 */
export function createNotify(topicArn: string | undefined): Notify {
  return async ({ subject, text }) => {
    if (topicArn === undefined) return;
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
    const Subject = subject.slice(0, maxSubjectLength);
    await new SNSClient().send(new PublishCommand({ TopicArn: topicArn, Subject, Message: text }));
  };
}

/** Sends a message, if there is one. A failure is only logged: what the message is about has happened all the same. */
export async function tellPeople(
  { notify, log }: { readonly notify: Notify; readonly log: Log },
  message: Message | undefined,
): Promise<void> {
  if (!message) return;
  await notify(message).catch((error: unknown) => {
    log.error('nobody could be told', { subject: message.subject, error: describeFailure(error) });
  });
}
