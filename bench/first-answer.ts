import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpEvent } from './engines/http-event.ts';
import { runFresh } from './fresh-process.ts';
import { createFunctionEnvironment } from './function-environment.ts';

/** Programs that run as they are, in the checkout. */
const findProgram = (root: string, name: string) => join(root, 'bench', 'cold-start', name);

/** Milliseconds from a process's start to the last byte of a client that does nothing with the bytes. */
export async function runBareClient(root: string, endpoint: string, connections: number): Promise<number> {
  const args = [`${endpoint}/bucket`, String(connections)];
  const { message, startedAt } = await runFresh<{ at: number }>(findProgram(root, 'bare-client.mjs'), args, {});
  return message.at - startedAt;
}

/** What is started and asked. */
export interface FirstQuestion {
  /** The function as it is built, functions/predict/index.mjs. */
  readonly bundle: string;
  /** Setting of the function, in MB. */
  readonly memoryMb: number;
  /** The model store, `s3://…` or `file:…`. */
  readonly uri: string;
  /** Address of the S3 stand-in, for `s3://…`. */
  readonly endpoint?: string;
  readonly text: string;
}

/** Stages of loading a model, in milliseconds, as the function's log tells them. */
export interface LoadStages {
  readonly pointerMs: number;
  readonly transferMs: number;
  readonly sessionMs: number;
  readonly firstRunMs: number;
}

/** A first answer; times are of the shared clock. */
export interface FirstAnswer {
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly peakMiB: number;
  readonly stages: LoadStages;
}

const credentials = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SESSION_TOKEN: 'test',
};

function readStages(output: string): LoadStages {
  const line = output.split('\n').find((text) => text.includes('"model loaded"'));
  if (line === undefined) throw new Error(`The function's log has no line "model loaded":\n${output}`);
  return JSON.parse(line).stages;
}

/**
 * Starts the built Lambda function in a fresh process with an empty disk, and asks it once. `root` is the checkout.
 *
 * @throws Error with the function's log if it gives no answer.
 */
export async function runFirstAnswer(root: string, question: FirstQuestion): Promise<FirstAnswer> {
  const { bundle, endpoint, text } = question;
  const directory = mkdtempSync(join(tmpdir(), 'cold-start-'));
  const env = {
    PATH: process.env.PATH,
    ...createFunctionEnvironment(question),
    ...credentials,
    MODEL_DIRECTORY: directory,
    ...(endpoint && { AWS_ENDPOINT_URL: endpoint }),
  };
  try {
    const args = [bundle, JSON.stringify(createHttpEvent(text))];
    const program = findProgram(root, 'first-answer.mjs');
    const { message, startedAt, output } = await runFresh<{ at: number; status: number; peakMiB: number }>(
      program,
      args,
      env,
    );
    if (message.status !== 200) throw new Error(`The function answered ${message.status}:\n${output}`);
    return { startedAt, answeredAt: message.at, peakMiB: message.peakMiB, stages: readStages(output) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
