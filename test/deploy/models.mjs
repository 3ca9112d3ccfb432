// Versions in a deployed stage's bucket: uploaded, judged by promote's image, answered from by predict's.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpEvent } from '../image/http-event.mjs';
import { startSandbox } from '../image/sandbox.mjs';
import { readFunction } from './stack.mjs';

const sample = join(import.meta.dirname, '..', '..', 'models', 'sample');
const sentence = 'this is the best book ever';

/** The version that ships with the project. */
export const sampleVersion = JSON.parse(readFileSync(join(sample, 'current.json'), 'utf8')).version;
/** The same model under a later name. */
export const laterVersion = `20991231T000000Z-${createHash('sha256').update(sampleVersion).digest('hex').slice(0, 7)}`;

/** Uploads the sample again, as a later version; its manifest last. */
export async function uploadLaterVersion({ ask }, Bucket, prefix) {
  const folder = join(sample, 'versions', sampleVersion);
  const names = readdirSync(folder).filter((name) => name !== 'manifest.json');
  for (const name of [...names, 'manifest.json']) {
    const bytes = readFileSync(join(folder, name));
    const Body = name === 'manifest.json' ? bytes.toString().replaceAll(sampleVersion, laterVersion) : bytes;
    await ask('s3', 'PutObject', { Bucket, Key: `${prefix}/versions/${laterVersion}/${name}`, Body, IfNoneMatch: '*' });
  }
}

/** EventBridge's event of a new manifest. The emulator has no way to call an image, so that the rehearsal delivers it. */
const createManifestEvent = (bucket, prefix, version) => ({
  version: '0',
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { bucket: { name: bucket }, object: { key: `${prefix}/versions/${version}/manifest.json` } },
});

/** A deployed function's image with its configuration, in a sandbox like Lambda's, in the emulated account. */
export async function startDeployed({ account, cleanup }, stage, name) {
  const { image, variables } = await readFunction(account, stage, name);
  const { Configuration } = await account.ask('lambda', 'GetFunction', {
    FunctionName: `serverless-bert-${stage}-${name}`,
  });
  const own = {
    AWS_LAMBDA_FUNCTION_NAME: Configuration.FunctionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(Configuration.MemorySize),
  };
  // Two names for one region, as in Lambda.
  const region = { AWS_REGION: account.env.AWS_REGION, AWS_DEFAULT_REGION: account.env.AWS_REGION };
  const handler = `functions/${name}/index.handler`;
  const sandbox = await startSandbox({
    image,
    handler,
    variables: { ...account.env, ...region, ...own, ...variables },
  });
  cleanup.later(sandbox.stop);
  return sandbox;
}

/** Lets the deployed promote consider a version, and returns its outcome. */
export async function promote(rehearsal, { bucket, version }) {
  const sandbox = await startDeployed(rehearsal, 'dev', 'promote');
  try {
    return await sandbox.invoke(createManifestEvent(bucket, 'dev', version));
  } catch (error) {
    throw new Error(`${error.message}\n${sandbox.output().slice(-1500)}`);
  } finally {
    await sandbox.stop();
  }
}

/** Asks a sandbox of predict: the answer's status, body and model. */
export async function predict(sandbox) {
  const { statusCode, headers, body } = await sandbox.invoke(createHttpEvent('/predict', { sentence }));
  return { status: statusCode, headers, body: JSON.parse(body) };
}

/** The current version by the pointer. */
export async function readCurrent({ ask }, Bucket) {
  const { Body } = await ask('s3', 'GetObject', { Bucket, Key: 'dev/current.json' });
  return JSON.parse(await Body.transformToString()).version;
}

export function checkAnswer({ status, body }, version) {
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.model, version);
  assert.ok(Number(body.response.positive) > 0.5);
  return `positive ${body.response.positive} by ${version}`;
}
