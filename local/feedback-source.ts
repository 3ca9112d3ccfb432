// Where `npm run train:data -- feedback` reads from: a stage's bucket or a file, and the log of predict for the texts of requests.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { Feedback } from '../functions/predict/feedback-stream.ts';

const line: z.ZodType<Feedback> = z.object({
  receivedAt: z.iso.datetime(),
  requestId: z.string().optional(),
  text: z.string().optional(),
  label: z.enum(['negative', 'neutral', 'positive']),
  key: z.string().optional(),
});

/** Feedback, and how many lines are none. */
export interface FeedbackLines {
  readonly feedback: readonly Feedback[];
  readonly faulty: number;
}

function readLine(text: string): Feedback | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Reads lines of JSON, which the function or `npm start` has written. */
export function readLines(text: string): FeedbackLines {
  const lines = text.split('\n').filter((part) => part.trim() !== '');
  const feedback = lines.map(readLine).filter((one) => one !== undefined);
  return { feedback, faulty: lines.length - feedback.length };
}

/** The text of an object. Firehose packs what it writes. */
async function unpack(bytes: Uint8Array): Promise<string> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isPacked ? await promisify(gunzip)(bytes) : Buffer.from(bytes)).toString('utf8');
}

/** Reads all feedback in a folder of a bucket. */
export async function readFolder(
  client: S3Client,
  { bucket: Bucket, prefix: Prefix }: { readonly bucket: string; readonly prefix: string },
): Promise<FeedbackLines> {
  const all: FeedbackLines[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix }))
    for (const { Key } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      all.push(readLines(await unpack((await Body?.transformToByteArray()) ?? new Uint8Array())));
    }
  return {
    feedback: all.flatMap(({ feedback }) => feedback),
    faulty: all.reduce((sum, { faulty }) => sum + faulty, 0),
  };
}

const logged = z.object({ requestId: z.string(), text: z.string(), texts: z.undefined().optional() });

function readRequest(message: string): readonly [requestId: string, text: string] | undefined {
  try {
    const { data } = logged.safeParse(JSON.parse(message));
    return data && [data.requestId, data.text];
  } catch {
    return undefined;
  }
}

/**
 * Finds the texts of requests in the log of predict, which has them with `logText: on`. Requests of a list have several texts
 * and are left out.
 *
 * @param since - time from which the log is read.
 */
export async function findLoggedTexts(
  client: CloudWatchLogsClient,
  logGroupName: string,
  since: Date,
): Promise<ReadonlyMap<string, string>> {
  const request = {
    logGroupName,
    startTime: since.getTime(),
    filterPattern: '{ $.message = "request" && $.text = * }',
  };
  const texts = new Map<string, string>();
  for await (const { events = [] } of paginateFilterLogEvents({ client }, request))
    for (const { message = '' } of events) {
      const found = readRequest(message);
      if (found) texts.set(...found);
    }
  return texts;
}
