import type { Message } from './report.ts';

/** Tells people. */
export type Notify = (message: Message) => Promise<void>;

/** SNS takes a subject of at most 100 characters. */
const longestSubject = 100;

/** Creates what publishes to an SNS topic; undefined for nobody to tell. The client reads endpoint and region where all AWS clients do. */
export function createNotify(topicArn: string | undefined): Notify {
  return async ({ subject, text }) => {
    if (topicArn === undefined) return;
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
    const Subject = subject.slice(0, longestSubject);
    await new SNSClient().send(new PublishCommand({ TopicArn: topicArn, Subject, Message: text }));
  };
}
