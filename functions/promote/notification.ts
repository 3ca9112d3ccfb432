import type { Outcome } from './promotion.ts';
import { describeRefusal } from './verdict.ts';

/** A message for people: a subject of one line and a text. */
export interface Message {
  readonly subject: string;
  readonly text: string;
}

/** Sends a message to people. */
export type Notify = (message: Message) => Promise<void>;

/** The message about an outcome; undefined if nothing happened. */
export function describeOutcome(outcome: Outcome, location: string): Message | undefined {
  const { kind, version } = outcome;
  const where = `${location}/versions/${version}/verdict.json`;
  if (kind === 'promoted') {
    const instead = outcome.previous ? ` instead of ${outcome.previous}` : '';
    return {
      subject: `Model ${version} is current`,
      text: `Model ${version} was accepted and is current${instead}. To go back: npm run model -- rollback\n${where}`,
    };
  }
  if (kind === 'held')
    return {
      subject: `Model ${version} is accepted and waits`,
      text: `Model ${version} was accepted but not made current: promotions are on hold (${outcome.reason}).\n${where}`,
    };
  if (kind === 'refused')
    return {
      subject: `Model ${version} is refused`,
      text: `Model ${version} was refused; nothing has changed. ${describeRefusal(outcome.verdict)}\n${where}`,
    };
  return undefined;
}

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
