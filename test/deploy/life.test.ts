// The life of a stage: it is deployed, gets two models, is deployed again, removed, and deployed once more. The images are built
// with the docker command and pushed to a registry, and that of the functions runs as Lambda runs it. Each test continues
// after the one before.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDigest } from '../../layers/model-store/index.ts';
import { listEverything, listKeys, readFunction, readStack, registryName } from './account.mjs';
import { expectSuccess } from './checkout.mjs';
import {
  expectAnswerFrom,
  predict,
  promote,
  readScored,
  scoreQueue,
  startDeployed,
  startHttpFront,
} from './functions.ts';
import { startRehearsal } from './rehearsal.mjs';
import { testDevResources, testProdResources } from './resources.ts';

const sample = join(import.meta.dirname, '..', '..', 'models', 'sample');
/** The version that ships with the project. */
const sampleVersion: string = JSON.parse(readFileSync(join(sample, 'current.json'), 'utf8')).version;
/** The same model under a later name. */
const laterVersion = `20991231T000000Z-${createHash('sha256').update(sampleVersion).digest('hex').slice(0, 7)}`;
const repositoryOf = (stage: string) => `serverless-serverless-bert-${stage}`;

const { account, registry, engine, checkout } = await startRehearsal();

let image = '';
let trainingImage = '';
let bucket = '';
/** The bucket's keys when the stages are removed. */
let keys: string[] = [];

const serverless = async (...words: string[]) => expectSuccess(await checkout.serverless(words));
const npmRun = async (...words: string[]) => expectSuccess(await checkout.npmRun(...words));
const withoutDocker = { DOCKER_HOST: 'unix:///nowhere' };
const params = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

/** The current version by the pointer. */
async function readCurrent(): Promise<string> {
  const { Body } = await account.ask('s3', 'GetObject', { Bucket: bucket, Key: 'dev/current.json' });
  return JSON.parse(await Body.transformToString()).version;
}

const renameManifest = (bytes: Buffer) =>
  JSON.stringify(addDigest({ ...JSON.parse(String(bytes)), version: laterVersion }));

/** Uploads the sample again, as the later version, its manifest last. */
async function uploadLaterVersion() {
  const folder = join(sample, 'versions', sampleVersion);
  const names = readdirSync(folder).filter((name) => name !== 'manifest.json');
  for (const name of [...names, 'manifest.json']) {
    const bytes = readFileSync(join(folder, name));
    const Body = name === 'manifest.json' ? renameManifest(bytes) : bytes;
    const Key = `dev/versions/${laterVersion}/${name}`;
    await account.ask('s3', 'PutObject', { Bucket: bucket, Key, Body, IfNoneMatch: '*' });
  }
}

/** Registers the pushed image of a kind in the emulated ECR, which does not see pushes. Returns the image by its digest. */
async function registerPushed(stage: string, kind: 'lambda' | 'training') {
  const repositoryName = repositoryOf(stage);
  const tags: string[] = await registry.listTags(repositoryName);
  const [imageTag, ...others] = tags.filter((tag) => tag.startsWith(`${kind}-`));
  expect([imageTag, others]).toEqual([expect.stringMatching(/-[0-9a-f]{16}$/), []]);
  const { text, mediaType, digest } = await registry.readManifest(repositoryName, imageTag);
  const manifest = { imageManifest: text, imageManifestMediaType: mediaType };
  await account.ask('ecr', 'PutImage', { repositoryName, imageTag, imageDigest: digest, ...manifest });
  return `${registryName}/${repositoryName}@${digest}`;
}

describe('serverless deploy --stage dev', () => {
  it('builds the image, pushes it and makes the stack', async () => {
    expect(await serverless('deploy', '--stage', 'dev')).toContain('Service deployed to stack serverless-bert-dev');
    image = await registerPushed('dev', 'lambda');
    bucket = String((await readStack(account, 'dev')).outputs.ModelBucketName);
  });

  it('pushes the digest that the functions name', async () => {
    const digest = image.split('@')[1];
    expect((await registry.readManifest(repositoryOf('dev'), digest)).digest).toBe(digest);
  });

  testDevResources(account, () => image);

  it('pushes an image that can be pulled by its digest', async () => {
    // The image must come from the registry, not from what was built here.
    const [tag] = await registry.listTags(repositoryOf('dev'));
    engine.docker(['rmi', '--force', image.replace(/@.*/, `:${tag}`)]);
    engine.docker(['pull', '--quiet', image]);
  });
});

it('serverless deploy with an image by its tag is refused with the digest of that tag', async () => {
  const [tag] = await registry.listTags(repositoryOf('dev'));
  const tagged = image.replace(/@.*/, `:${tag}`);
  const { code, output } = await checkout.serverless(['deploy', '--stage', 'dev', ...params({ image: tagged })]);
  expect(code).not.toBe(0);
  expect(output).toContain(
    `image is ${tagged}, a tag, which can move. Name the digest that it has now: --param image=${image}`,
  );
});

describe('models', () => {
  it('are missing at first: predict answers 503 with Retry-After', async () => {
    const sandbox = await startDeployed(account, 'predict');
    const { status, body, headers } = await predict(sandbox);
    expect([status, body.error.code]).toEqual([503, 'MODEL_UNAVAILABLE']);
    expect(headers['retry-after']).toMatch(/^\d+$/);
    await sandbox.stop();
  });

  it('are uploaded by npm run train:data -- put models/sample', async () => {
    await npmRun('train:data', '--', 'put', 'models/sample', '--stage', 'dev');
    expect(await listKeys(account, bucket, 'dev/')).toContain(`dev/versions/${sampleVersion}/manifest.json`);
  });

  it('are judged by promote in its own image, which makes the first one current', async () => {
    expect(await promote(account, bucket, sampleVersion)).toBe('promoted');
    expect(await readCurrent()).toBe(sampleVersion);
    expect(await listKeys(account, bucket, 'dev/')).toContain(`dev/versions/${sampleVersion}/verdict.json`);
  });

  it('are used by predict to answer an HTTP API event', () => expectAnswerFrom(account, sampleVersion));

  it('pass npm run smoke', async () => {
    const sandbox = await startDeployed(account, 'predict');
    process.stdout.write(await npmRun('smoke', '--', await startHttpFront(sandbox)));
    await sandbox.stop();
  });

  it('stay the same when the same event comes again', async () =>
    expect(await promote(account, bucket, sampleVersion)).toBe('unchanged'));

  it('are followed by a second version, from which predict answers', async () => {
    await uploadLaterVersion();
    expect(await promote(account, bucket, laterVersion)).toBe('promoted');
    expect(await readCurrent()).toBe(laterVersion);
    await expectAnswerFrom(account, laterVersion);
  });
});

describe('the queue', () => {
  it('gets texts by npm run stream -- put, and a message that nobody can read', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'queue-')), 'tweets.csv');
    writeFileSync(file, 'id,text,user\n1,this is the best book ever,ann\n2,"what a waste, of time",bob\n');
    await npmRun('stream', '--', 'put', file, '--stage', 'dev');
    const { outputs } = await readStack(account, 'dev');
    await account.ask('sqs', 'SendMessage', { QueueUrl: outputs.StreamQueueUrl, MessageBody: '{"text":' });
  });

  it('is scored by the deployed function into the bucket, and into the dead letters with a reason', async () => {
    expect(await scoreQueue(account)).toEqual({ batchItemFailures: [] });
    const { results, letters } = await readScored(account, bucket);
    const common = { model: laterVersion, reliable: true };
    expect(results).toEqual([
      expect.objectContaining({ ...common, id: '1', user: 'ann', label: 'positive' }),
      expect.objectContaining({ ...common, id: '2', user: 'bob', label: 'negative' }),
    ]);
    expect(letters).toEqual([['{"text":', expect.stringMatching(/^MESSAGE_MALFORMED/)]]);
  });
});

/** The commands for a bad model: rollback, and promotion after the hold. */
describe('npm run model', () => {
  const model = (...words: string[]) => npmRun('model', '--', ...words, '--store', `s3://${bucket}/dev`);

  it('list shows both versions', async () => {
    const table = await model('list');
    expect(table).toContain(sampleVersion);
    expect(table).toContain(laterVersion);
  });

  it('rollback makes the first version current again, and predict answers from it', async () => {
    await model('rollback', '--reason', 'rehearsal');
    expect(await readCurrent()).toBe(sampleVersion);
    await expectAnswerFrom(account, sampleVersion);
  });

  it('a late event of the second version does not undo the rollback', async () => {
    expect(await promote(account, bucket, laterVersion)).not.toBe('promoted');
    expect(await readCurrent()).toBe(sampleVersion);
  });

  it('promote makes the second version current again after the hold is lifted', async () => {
    await model('hold', '--lift');
    await model('promote', laterVersion);
    expect(await readCurrent()).toBe(laterVersion);
    await expectAnswerFrom(account, laterVersion);
  });
});

it('serverless deploy without a change builds nothing, needs no docker and changes nothing', async () => {
  const output = expectSuccess(await checkout.serverless(['deploy', '--stage', 'dev'], withoutDocker));
  expect(output).toMatch(/^image: lambda-\w+ is in the repository already\. It is neither built nor pushed\.$/m);
  expect(output).toContain('No changes to deploy');
  expect((await readFunction(account, 'dev', 'predict')).image).toBe(image);
  expect(await readCurrent()).toBe(laterVersion);
});

describe('serverless deploy --stage prod', () => {
  // Training is deployed here, not run.
  const deploy = () => ['deploy', '--stage', 'prod', ...params({ bucket, image, validationFile: 'valid.csv' })];

  it('builds the training image and pushes it, in the bucket of dev', async () => {
    const output = await serverless(...deploy());
    // The account is a new one.
    expect(output).toMatch(/reservedConcurrency: 0 of 20 concurrent executions are reserved; .* --desired-value 120/);
    expect(output).toContain("Spot's service-linked role was missing in this account and is made.");
    expect(output).toMatch(/^trainingImage: building Dockerfile\.train: about 10 GB .* 10 to 30 minutes/m);
    trainingImage = await registerPushed('prod', 'training');
  });

  testProdResources(
    account,
    () => bucket,
    () => trainingImage,
  );

  it('builds nothing and changes nothing the second time', async () => {
    const output = expectSuccess(await checkout.serverless(deploy(), withoutDocker));
    expect(output).toMatch(/^trainingImage: training-\w+ is in the repository already\./m);
    expect(output).toContain('No changes to deploy');
  });
});

describe('serverless remove', () => {
  it('--stage prod leaves the bucket of dev alone', async () => {
    keys = await listKeys(account, bucket);
    await serverless('remove', '--stage', 'prod');
    expect(await listKeys(account, bucket)).toEqual(keys);
  });

  it('--stage dev prints the bucket that it leaves', async () =>
    expect(await serverless('remove', '--stage', 'dev')).toContain(
      `kept in the bucket ${bucket}. To use it again: serverless deploy --param bucket=${bucket}`,
    ));

  it('deletes everything but the versions', async () => {
    const { roles = [], ...rest } = await listEverything(account);
    expect(rest.buckets).toEqual([bucket]);
    expect(Object.entries(rest).filter(([kind, names]) => kind !== 'buckets' && names.length > 0)).toEqual([]);
    // Roles of the account, which its services share.
    expect(roles.filter((name) => !name.startsWith('AWSServiceRoleFor'))).toEqual([]);
    expect(await listKeys(account, bucket)).toEqual(keys);
  });

  it('reports that a removed stage does not exist', async () => {
    const { code, output } = await checkout.serverless(['remove', '--stage', 'dev']);
    expect(code).not.toBe(0);
    expect(output).toContain('serverless-bert-dev does not exist');
  });
});

describe('a stage that is deployed again after its removal', () => {
  it('gets a new bucket', async () => {
    await serverless('deploy', '--stage', 'dev');
    expect((await readStack(account, 'dev')).outputs.ModelBucketName).not.toBe(bucket);
  });

  it('uses the earlier bucket and its models if a parameter names it', async () => {
    image = await registerPushed('dev', 'lambda');
    // A second push of the same image may have another digest, which podman does not know before it has pulled it.
    engine.docker(['pull', '--quiet', image]);
    await serverless('deploy', '--stage', 'dev', ...params({ bucket, image }));
    expect((await readFunction(account, 'dev', 'predict')).variables.MODEL_URI).toBe(`s3://${bucket}/dev`);
    await expectAnswerFrom(account, laterVersion);
  });
});

describe('serverless deploy --param trainingImage=codebuild', () => {
  const run = async (command: string) => {
    const values = params({ bucket, image, validationFile: 'valid.csv', trainingImage: 'codebuild' });
    const words = [command, '--stage', 'dev', '--package', 'packaged', ...values];
    return expectSuccess(await checkout.serverless(words, withoutDocker));
  };

  it('is packaged with the tag of the training image', async () => {
    expect(await run('package')).toContain('Service packaged');
  });

  it('builds the training image of the package in the account, without docker', async () => {
    expect(await run('deploy')).toMatch(/^trainingImage: CodeBuild builds Dockerfile\.train in the account/m);
    const { TrainingJob } = (await readStack(account, 'dev')).template.Resources;
    expect(TrainingJob.Properties.ContainerProperties.Image).toBe(
      `${registryName}/${repositoryOf('dev')}@sha256:${'b'.repeat(64)}`,
    );
  });

  it('leaves nothing of the builder after serverless remove', async () => {
    await serverless('remove', '--stage', 'dev', ...params({ bucket, image }));
    const { roles = [], buckets: _, ...rest } = await listEverything(account);
    expect(roles.filter((name) => !name.startsWith('AWSServiceRoleFor'))).toEqual([]);
    expect(Object.entries(rest).filter(([, names]) => names.length > 0)).toEqual([]);
  });
});
