// What is kept of feedback, and the delivery stream of Amazon Data Firehose that takes it into the bucket.
import { type AwsEnvironment, requestAws } from './aws-request.ts';

/** What is kept of a caller's feedback. */
export interface Feedback {
  /** Time in UTC, as in `2026-11-28T09:12:44.031Z`. */
  readonly receivedAt: string;
  /** The id of the request that the feedback is about. */
  readonly requestId?: string | undefined;
  readonly text?: string | undefined;
  /** The right class. */
  readonly label: string;
  /** Name of the caller's key. */
  readonly key?: string | undefined;
}

/** Where feedback goes, and what it may hold. */
export interface FeedbackOptions {
  /** Keeps one piece of feedback. Rejects if it cannot. */
  readonly keep: (feedback: Feedback) => Promise<void>;
  /** Whether feedback may hold a text. Without texts it names a request. */
  readonly texts: boolean;
}

/** Creates the function that puts feedback, a line of JSON each, into a delivery stream of Amazon Data Firehose. */
export function createFeedbackStream(name: string, environment: AwsEnvironment): FeedbackOptions['keep'] {
  return async (feedback) => {
    const Data = Buffer.from(`${JSON.stringify(feedback)}\n`).toString('base64');
    const request = { DeliveryStreamName: name, Record: { Data } };
    const { error } = await requestAws('firehose', 'Firehose_20150804.PutRecord', request, environment);
    if (error) throw new Error(`The delivery stream ${name} took no feedback: ${error}.`);
  };
}
