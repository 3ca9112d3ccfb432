// The deployed functions at work: their images in a sandbox like Lambda's, in the emulated account.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { startSandbox } from '../containers/sandbox.mjs';
import { undoLater } from '../containers/tools.mjs';
import { createEvent } from '../functions/predict/http-event.ts';
import { createEvent as createQueueEvent } from '../functions/stream/account.ts';
import { listKeys, readFunction, readStack, type startAccount } from './account.mjs';

type Account = Awaited<ReturnType<typeof startAccount>>;
type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/**
 * Starts a deployed function of the stage dev: its image with its configuration.
 *
 * @param localImage - instead of the deployed image, if that is in no registry.
 */
export async function startDeployed(
  account: Account,
  name: 'predict' | 'promote' | 'stream',
  localImage?: string,
): Promise<Sandbox> {
  const { fullName, image: deployed, memory, variables } = await readFunction(account, 'dev', name);
  const image = localImage ?? deployed;
  const own = { AWS_LAMBDA_FUNCTION_NAME: fullName, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) };
  // Two names for one region, as in Lambda.
  const region = { AWS_REGION: account.env.AWS_REGION, AWS_DEFAULT_REGION: account.env.AWS_REGION };
  const handler = `functions/${name}/index.handler`;
  return startSandbox({ image, handler, variables: { ...account.env, ...region, ...own, ...variables } });
}

/** EventBridge's event of a new manifest. */
const createManifestEvent = (bucket: string, version: string) => ({
  version: '0',
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { bucket: { name: bucket }, object: { key: `dev/versions/${version}/manifest.json` } },
});

/** Lets the deployed promote consider a version, and returns its outcome. The emulator cannot deliver the event itself. */
export async function promote(account: Account, bucket: string, version: string): Promise<string> {
  const sandbox = await startDeployed(account, 'promote');
  try {
    return (await sandbox.invoke(createManifestEvent(bucket, version))).kind;
  } catch (error) {
    throw new Error(`${error}\n${sandbox.output().slice(-1500)}`);
  } finally {
    await sandbox.stop();
  }
}

/** Asks predict in a sandbox: the answer's status, headers and body. */
export async function predict(sandbox: Sandbox, callerHeaders: Readonly<Record<string, string>> = {}) {
  const event = createEvent({ query: 'sentence=this%20is%20the%20best%20book%20ever', headers: callerHeaders });
  const { statusCode: status, headers, body } = await sandbox.invoke(event);
  return { status, headers, body: JSON.parse(body) };
}

/** Expects that the deployed predict answers from a version. */
export async function expectAnswerFrom(account: Account, version: string): Promise<void> {
  const sandbox = await startDeployed(account, 'predict');
  const { status, body } = await predict(sandbox);
  expect({ status, body }).toEqual({ status: 200, body: expect.objectContaining({ model: version }) });
  expect(body.label).toBe('positive');
  expect(Number(body.response.positive)).toBeGreaterThan(0.5);
  await sandbox.stop();
}

/** Starts an HTTP server that does for a sandbox what API Gateway's HTTP API does. Returns its URL. */
export async function startHttpFront({ invoke }: Sandbox): Promise<string> {
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const [path = '/', query = ''] = url.split('?');
    const body = await text(request);
    const caller = { path, query, method, headers: headers as Record<string, string>, ...(body && { body }) };
    try {
      const { statusCode, headers: given = {}, body: answer = '', isBase64Encoded } = await invoke(createEvent(caller));
      response.writeHead(statusCode, given).end(isBase64Encoded ? Buffer.from(answer, 'base64') : answer);
    } catch {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undoLater(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Messages of a queue of the account, which stay hidden for a while. */
async function receive({ ask }: Account, QueueUrl: string) {
  const asked = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  const { Messages = [] } = await ask('sqs', 'ReceiveMessage', asked);
  return Messages as { Body: string; MessageAttributes?: { reason?: { StringValue: string } } }[];
}

/** Lets the deployed stream score what waits in its queue. The emulator does not call it. Returns what it answers. */
export async function scoreQueue(account: Account) {
  const { outputs } = await readStack(account, 'dev');
  const messages = await receive(account, String(outputs.StreamQueueUrl));
  const sandbox = await startDeployed(account, 'stream');
  try {
    return await sandbox.invoke(createQueueEvent(messages.map(({ Body }) => Body)));
  } catch (error) {
    throw new Error(`${error}\n${sandbox.output().slice(-1500)}`);
  } finally {
    await sandbox.stop();
  }
}

/** The results of the queue of dev that are in the bucket, and the dead letters with their reasons. */
export async function readScored(account: Account, Bucket: string) {
  const { outputs } = await readStack(account, 'dev');
  const results: Record<string, unknown>[] = [];
  for (const Key of await listKeys(account, Bucket, 'dev/results/stream/')) {
    const { Body } = await account.ask('s3', 'GetObject', { Bucket, Key });
    const bytes = Buffer.from(await Body.transformToByteArray());
    const lines = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString().trimEnd().split('\n');
    results.push(...lines.map((line) => JSON.parse(line)));
  }
  const letters = await receive(account, String(outputs.StreamDeadLettersUrl));
  return { results, letters: letters.map((letter) => [letter.Body, letter.MessageAttributes?.reason?.StringValue]) };
}
