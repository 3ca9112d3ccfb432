// A stage whose callers need keys: deployed, given a key, asked, and the key removed. Its image is built once, by podman, and
// the emulated ECR only knows its digest.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLambdaImage, provideLambdaBase } from '../containers/lambda-image.mjs';
import { requireTools } from '../containers/tools.mjs';
import { readFunction, readStack, registryName, startAccount } from './account.mjs';
import { copyCheckout, expectSuccess } from './checkout.mjs';
import { predict, startDeployed, startHttpFront } from './functions.ts';

type Sandbox = Awaited<ReturnType<typeof startDeployed>>;

const name = 'anna';
const digest = `sha256:${'c'.repeat(64)}`;
const { version: sampleVersion } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'models', 'sample', 'current.json'), 'utf8'),
);

requireTools();
provideLambdaBase();
const image = buildLambdaImage();
const account = await startAccount();
const checkout = copyCheckout(mkdtempSync(join(tmpdir(), 'deploy-keys-')), account.env);
const npmRun = async (...words: string[]) => expectSuccess(await checkout.npmRun(...words));
const manageKeys = (...words: string[]) => npmRun('key', '--', ...words, '--stage', 'dev');

/** Registers the digest in the emulated ECR, as if the image had been pushed there. */
async function registerImage(): Promise<string> {
  const repositoryName = 'serverless-bert';
  const imageManifestMediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: imageManifestMediaType, config: {}, layers: [] });
  await account.ask('ecr', 'CreateRepository', { repositoryName });
  const pushed = { repositoryName, imageDigest: digest, imageTag: 'service', imageManifest, imageManifestMediaType };
  await account.ask('ecr', 'PutImage', pushed);
  return `${registryName}/${repositoryName}@${digest}`;
}

let key = '';
let sandbox: Sandbox;
/** What the function has logged before it was started anew. */
let earlierLog = '';

async function startAnew(): Promise<void> {
  if (sandbox) {
    earlierLog += sandbox.output();
    await sandbox.stop();
  }
  sandbox = await startDeployed(account, 'predict', image);
}

/** Status and error code of an answer to a request with these headers. */
async function ask(headers: Readonly<Record<string, string>> = {}) {
  const { status, body, headers: given } = await predict(sandbox, headers);
  return { status, code: body.error?.code, challenge: given['www-authenticate'] };
}

const listLogLines = (): Record<string, unknown>[] =>
  `${earlierLog}${sandbox.output()}`
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

describe('serverless deploy --param authorizer=key', () => {
  it('makes a stage whose function knows the parameter of the keys, and may read nothing else of SSM', async () => {
    const words = [
      'deploy',
      '--stage',
      'dev',
      '--param',
      'authorizer=key',
      '--param',
      `image=${await registerImage()}`,
    ];
    expectSuccess(await checkout.serverless(words));
    const { outputs, ids } = await readStack(account, 'dev');
    const { variables } = await readFunction(account, 'dev', 'predict');
    expect(variables.API_KEYS_PARAMETER).toBe(outputs.KeysParameter);
    const { PolicyNames } = await account.ask('iam', 'ListRolePolicies', { RoleName: ids.PredictRole });
    const policies = PolicyNames.map((PolicyName: string) =>
      account.ask('iam', 'GetRolePolicy', { RoleName: ids.PredictRole, PolicyName }),
    );
    const documents = (await Promise.all(policies)).map(({ PolicyDocument }) => decodeURIComponent(PolicyDocument));
    const allowed = documents.flatMap((document) => JSON.parse(document).Statement);
    expect(allowed.filter(({ Action }) => JSON.stringify(Action).includes('ssm:'))).toEqual([
      {
        Effect: 'Allow',
        Action: 'ssm:GetParameter',
        Resource: `arn:aws:ssm:us-east-1:123456789012:parameter${outputs.KeysParameter}`,
      },
    ]);
  });

  it('refuses everybody while there is no key', async () => {
    await npmRun('train:data', '--', 'put', 'models/sample', '--stage', 'dev');
    const { ModelBucketName } = (await readStack(account, 'dev')).outputs;
    await npmRun('model', '--', 'promote', sampleVersion, '--force', '--store', `s3://${ModelBucketName}/dev`);
    await startAnew();
    expect(await ask({ 'x-api-key': 'sb_guessed' })).toMatchObject({ status: 401, code: 'KEY_UNKNOWN' });
  });
});

describe('npm run key', () => {
  it('add prints a key, and keeps only its hash', async () => {
    key = (await manageKeys('add', name)).trim();
    expect(key).toMatch(/^sb_[\w-]{43}$/);
    expect(await manageKeys('list')).toMatch(new RegExp(`^${name} +\\d{4}-\\d\\d-\\d\\d\n$`));
    const { KeysParameter } = (await readStack(account, 'dev')).outputs;
    const { Parameter } = await account.ask('ssm', 'GetParameter', { Name: KeysParameter, WithDecryption: true });
    expect(Parameter.Type).toBe('SecureString');
    expect(Parameter.Value).not.toContain(key);
  });

  it('add lets a caller in who sends the key, in either header', async () => {
    await startAnew();
    expect(await ask()).toEqual({
      status: 401,
      code: 'KEY_MISSING',
      challenge: expect.stringMatching(/^Bearer realm=/),
    });
    expect(await ask({ authorization: 'Bearer sb_wrong' })).toMatchObject({ status: 401, code: 'KEY_UNKNOWN' });
    expect(await ask({ authorization: `Bearer ${key}` })).toMatchObject({ status: 200 });
    expect(await ask({ 'x-api-key': key })).toMatchObject({ status: 200 });
  });

  it('add lets npm run smoke pass with the key', async () =>
    expect(await npmRun('smoke', '--', await startHttpFront(sandbox), '--header', `X-Api-Key: ${key}`)).toContain(
      'does what it promises',
    ));

  it('remove makes a function that starts later refuse the key', async () => {
    expect(await manageKeys('remove', name)).toContain('refuses it within a minute');
    await startAnew();
    expect(await ask({ 'x-api-key': key })).toMatchObject({
      status: 401,
      code: 'KEY_UNKNOWN',
      challenge: expect.stringContaining('error="invalid_token"'),
    });
  });
});

it('the log has the name of the key in the line of a request, and no key', () => {
  const requests = listLogLines().filter(({ message }) => message === 'request');
  expect(requests).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ status: 200, key: name }),
      expect.objectContaining({ status: 401, code: 'KEY_UNKNOWN' }),
    ]),
  );
  expect(requests.filter((request) => request.status === 401 && 'key' in request)).toEqual([]);
  expect(`${earlierLog}${sandbox.output()}`).not.toMatch(/sb_/);
});
