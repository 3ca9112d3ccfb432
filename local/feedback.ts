// `npm run train:data -- feedback`: turns what callers have sent to POST /feedback into a table that a person reviews.
import { readFile } from 'node:fs/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { S3Client } from '@aws-sdk/client-s3';
import type { Feedback } from '../functions/predict/feedback-stream.ts';
import { createStopSignal, UsageError } from './command-line.ts';
import { writeToFile, writeToStandardOutput } from './csv-output.ts';
import { findDeployment } from './deployment.ts';
import { type Review, reviewFeedback } from './feedback-review.ts';
import { type FeedbackLines, findLoggedTexts, readFolder, readLines } from './feedback-source.ts';

/** The options of `npm run train:data -- feedback`. */
export interface FeedbackOptions {
  readonly stage: string;
  /** File of `npm start -- --feedback`; undefined for the stage's bucket. */
  readonly from?: string;
  /** File that the table is written to; undefined for standard output. */
  readonly out?: string;
}

/** Feedback may come days after the request. */
const logDays = 7;

async function readFeedbackFile(path: string): Promise<FeedbackLines> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`--from ${path} cannot be read (${error.message}).`);
  });
  return readLines(text);
}

async function readStage(stage: string): Promise<FeedbackLines> {
  const uri = (await findDeployment(stage)).output('ModelUri');
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return readFolder(new S3Client(), { bucket, prefix: `${prefix}/feedback/` });
}

/** Looks for the texts of feedback that has none, if there is such. */
async function findTexts(feedback: readonly Feedback[], stage: string): Promise<ReadonlyMap<string, string>> {
  const times = feedback.filter(({ text }) => text === undefined).map(({ receivedAt }) => Date.parse(receivedAt));
  if (times.length === 0) return new Map();
  const since = new Date(Math.min(...times) - logDays * 86_400_000);
  return findLoggedTexts(new CloudWatchLogsClient(), `/aws/lambda/serverless-bert-${stage}-predict`, since);
}

/** Says what a person should know, in a sentence each. */
export function describeReview({ feedback, faulty }: FeedbackLines, { rows, conflicts, unknown }: Review): string {
  const named = unknown.slice(0, 3).join(', ') + (unknown.length > 3 ? ` and ${unknown.length - 3} more` : '');
  return [
    `${feedback.length} pieces of feedback on ${rows.length - 1} texts. Fill the column label of the rows that training may have, and delete the others.`,
    ...(conflicts > 0 ? [`Callers disagree on ${conflicts} of them, which come first.`] : []),
    ...(unknown.length > 0
      ? [`${unknown.length} requests have no text: it was not logged (logText), or they had a list: ${named}.`]
      : []),
    ...(faulty > 0 ? [`${faulty} lines are no feedback and were left out.`] : []),
  ].join('\n');
}

async function* eachRow({ rows }: Review) {
  yield* rows;
}

/** Reads feedback and writes the table. */
export async function writeReview({ stage, from, out }: FeedbackOptions): Promise<void> {
  const signal = createStopSignal();
  const lines = await (from === undefined ? readStage(stage) : readFeedbackFile(from));
  const texts = from === undefined ? await findTexts(lines.feedback, stage) : new Map<string, string>();
  const review = reviewFeedback(lines.feedback, texts);
  if (out === undefined) await writeToStandardOutput(eachRow(review), signal);
  else await writeToFile(out, eachRow(review), signal);
  process.stderr.write(`${describeReview(lines, review)}\n`);
}
