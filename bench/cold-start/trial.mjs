// One start of a fresh process, from the moment it is asked for to its first answer, and what its stages were.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpEvent } from '../../test/image/http-event.mjs';

const here = (name) => join(import.meta.dirname, name);
const now = () => performance.timeOrigin + performance.now();
const sentence = 'I did not expect to like this film, but the second half is warm, funny and over far too soon.';

/** The next message of a child, or a failure if it ends without one. */
const receive = (child) =>
  new Promise((resolve, reject) => {
    const fail = (code) => reject(new Error(`${child.spawnargs[1]} ended with code ${code}`));
    child.once('exit', fail);
    child.once('message', (message) => {
      child.off('exit', fail);
      resolve(message);
    });
  });

/** Starts the S3 stand-in over a store's folder: `{ endpoint, takeRequests(), stop() }`. */
export async function startShapedS3(folder, network) {
  const child = fork(here('shaped-s3.mjs'), [folder, JSON.stringify(network)]);
  const { endpoint } = await receive(child);
  const takeRequests = async () => {
    child.send('take requests');
    return (await receive(child)).requests;
  };
  return { endpoint, takeRequests, stop: () => child.disconnect() };
}

/** Runs a program to its one message, which it sends when it is done: `{ message, startedAt, stdout }`. */
async function runFresh(program, args, { env, execPath, prefix = [] }) {
  const startedAt = now();
  const child = fork(here(program), args, {
    env,
    execPath,
    execArgv: prefix,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += data));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const message = await receive(child);
  await ended;
  return { message, startedAt, stdout };
}

/** The least that a client does for these bytes. */
export async function runBareClient({ endpoint, connections, node }) {
  const args = [`${endpoint}/bucket`, String(connections)];
  const { message, startedAt } = await runFresh('bare-client.mjs', args, { env: {}, execPath: node });
  return { totalMs: message.at - startedAt };
}

/** What Lambda says to a function of this memory. */
const createEnvironment = (memoryMb, uri, directory) => ({
  PATH: process.env.PATH,
  ORT_DISABLE_TELEMETRY: '1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SESSION_TOKEN: 'test',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  POWERTOOLS_METRICS_NAMESPACE: 'bench',
  POWERTOOLS_SERVICE_NAME: 'predict',
  MODEL_URI: uri,
  MODEL_DIRECTORY: directory,
});

function readStages(stdout) {
  const lines = stdout.split('\n').filter(Boolean);
  const loaded = lines.map((line) => JSON.parse(line)).find(({ message }) => message === 'model loaded');
  return loaded?.stages ?? {};
}

/**
 * Starts the built Lambda function and asks it once.
 *
 * @param source - `uri`, and `environment` for what else it takes to reach it.
 */
export async function runFirstAnswer({ bundle, memoryMb, uri, environment = {}, node }) {
  const directory = mkdtempSync(join(tmpdir(), 'cold-start-'));
  try {
    const env = { ...createEnvironment(memoryMb, uri, directory), ...environment };
    const args = [bundle, JSON.stringify(createHttpEvent('/predict', { sentence }))];
    const { message, startedAt, stdout } = await runFresh('first-answer.mjs', args, { env, execPath: node });
    if (message.status !== 200) throw new Error(`the function answered ${message.status}:\n${stdout}`);
    return {
      startedAt,
      totalMs: message.at - startedAt,
      answeredAt: message.at,
      peakMiB: message.peakMiB,
      stages: readStages(stdout),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
