// What the service and training send to other addresses: nothing but what S3 and AWS get. S3 is on the loopback address here, so nothing at all.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { listFiles } from '../containers/image-content.mjs';
import { startContainer } from '../containers/podman.mjs';
import { startSandbox } from '../containers/sandbox.mjs';
import { undoLater } from '../containers/tools.mjs';
import { createEvent } from '../functions/predict/http-event.ts';
import { makeBucket } from '../s3/buckets.ts';
import { giveTo, makeInputFolder, tinySettings } from '../train-image/inputs.mjs';
import { recordTraffic } from './traffic.mjs';

const root = join(import.meta.dirname, '..', '..');
const sample = join(root, 'models', 'sample');
const query = 'sentence=this%20is%20the%20best%20book%20ever';
/** ONNX Runtime reports to its maker nine seconds after its start, if it may. */
const idleMs = 15_000;

const ask = (script: string) => execFileSync(process.execPath, ['--eval', script], { stdio: 'ignore' });

/** Starts `npm start`'s server and resolves to its address once it has its model. */
async function startServer(): Promise<string> {
  // Either of these would silence ONNX Runtime by itself.
  const { CI: _, ORT_DISABLE_TELEMETRY: __, ...env } = process.env;
  const server = spawn(process.execPath, [join(root, 'dist', 'local', 'serve.mjs'), '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  undoLater(() => server.kill());
  let address = '';
  for await (const line of createInterface({ input: server.stderr })) {
    address ||= /http:\/\/localhost:\d+/.exec(line)?.[0] ?? '';
    if (line.startsWith('Ready')) return address.replace('localhost', '127.0.0.1');
  }
  throw new Error('The server ended before it was ready.');
}

/** Uploads the sample model and answers one request by the image's function. Resolves to the status. */
async function serveFromImage(variables: Readonly<Record<string, string>> = {}): Promise<number> {
  const bucket = await makeBucket();
  const names = listFiles(join(sample, 'versions')).map((name) => `versions/${name}`);
  for (const name of [...names, 'current.json'])
    await bucket.put(`sentiment/${name}`, readFileSync(join(sample, name)));
  const store = { AWS_ENDPOINT_URL: bucket.endpoint, MODEL_URI: `s3://${bucket.name}/sentiment` };
  const sandbox = await startSandbox({
    image: 'localhost/serverless-bert/lambda',
    variables: { ...store, ...variables },
  });
  const { statusCode } = await sandbox.invoke(createEvent({ query }));
  await sleep(idleMs);
  await sandbox.stop();
  return statusCode;
}

describe('the recording', () => {
  it('names the host that a process looks up', async () => {
    const traffic = await recordTraffic();
    ask("fetch('http://telemetry.example.com').catch(() => {})");
    expect(await traffic.stop()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^udp \S+:53 \(telemetry\.example\.com\)$/)]),
    );
  });

  it('names the address that a process connects to', async () => {
    const traffic = await recordTraffic();
    ask("for (const host of ['198.51.100.7', '[2001:db8::7]']) fetch('http://' + host + ':4318').catch(() => {})");
    const found = await traffic.stop();
    expect(found).toEqual(expect.arrayContaining(['tcp 198.51.100.7:4318 ()', 'tcp 2001:db8::7:4318 ()']));
  });

  it('is empty when a process asks this machine', async () => {
    const traffic = await recordTraffic();
    ask("fetch('http://127.0.0.1:9').catch(() => {})");
    expect(await traffic.stop()).toEqual([]);
  });

  it("shows that ONNX Runtime looks up its maker's host if it may", async () => {
    const traffic = await recordTraffic();
    expect(await serveFromImage({ ORT_DISABLE_TELEMETRY: '0' })).toBe(200);
    expect((await traffic.stop()).join('\n')).toMatch(/microsoft\.com/);
  });
});

describe('nothing is sent to another address', () => {
  it('by npm start with the sample model', async () => {
    const traffic = await recordTraffic();
    const address = await startServer();
    const headers = { accept: 'text/html,*/*' };
    for (const path of [`/predict?${query}`, '/', '/docs', '/metrics', '/openapi.json'])
      expect([path, (await fetch(`${address}${path}`, { headers })).status]).toEqual([path, 200]);
    await sleep(idleMs);
    expect(await traffic.stop()).toEqual([]);
  });

  it("by the Lambda image's function with its model in S3", async () => {
    const traffic = await recordTraffic();
    expect(await serveFromImage()).toBe(200);
    expect(await traffic.stop()).toEqual([]);
  });

  it('by the training container with a folder, but to EC2 whether the machine will be taken away', async () => {
    const folder = makeInputFolder();
    giveTo(1000, folder);
    const traffic = await recordTraffic();
    const training = startContainer({
      image: 'localhost/serverless-bert/train:latest',
      name: 'train-no-network',
      env: tinySettings,
      flags: ['--volume', `${folder}:/home/bert/data:rw`],
    });
    expect([await training.exited, training.output()]).toEqual([0, expect.stringContaining('"event": "published"')]);
    const others = (await traffic.stop()).filter((line) => !line.startsWith('tcp 169.254.169.254:'));
    expect(others).toEqual([]);
  });
});
