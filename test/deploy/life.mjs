// The life of a stage: deployed, given a model and another one, deployed again, removed, deployed anew.
import assert from 'node:assert/strict';
import { registryName } from './account.mjs';
import { expectSuccess } from './checkout.mjs';
import { startHttpFront } from './http-front.mjs';
import {
  checkAnswer,
  laterVersion,
  predict,
  promote,
  readCurrent,
  sampleVersion,
  startDeployed,
  uploadLaterVersion,
} from './models.mjs';
import { checkResources, checkTraining } from './resources.mjs';
import { listEverything, listKeys, readFunction, readStack } from './stack.mjs';

const seconds = (started) => `${Math.round((performance.now() - started) / 1000)} s`;

/** Tells the emulated ECR what the registry got, as if they were one. */
async function mirror({ account, registry }, repositoryName) {
  const { text, mediaType, digest } = await registry.readManifest(repositoryName, 'service');
  await account.ask('ecr', 'PutImage', {
    ...{ repositoryName, imageTag: 'service', imageManifest: text },
    ...{ imageManifestMediaType: mediaType, imageDigest: digest },
  });
  return `${registryName}/${repositoryName}@${digest}`;
}

/** An image that only the emulated ECR knows: training is deployed here, not run. */
async function pretendTrainingImage({ account, registry }, repositoryName) {
  const { text, mediaType } = await registry.readManifest(repositoryName, 'service');
  const [name, digest] = ['training/bert', `sha256:${'b'.repeat(64)}`];
  await account.ask('ecr', 'CreateRepository', { repositoryName: name });
  await account.ask('ecr', 'PutImage', {
    ...{ repositoryName: name, imageTag: 'live', imageManifest: text },
    ...{ imageManifestMediaType: mediaType, imageDigest: digest },
  });
  return `${registryName}/${name}@${digest}`;
}

async function checkDeployment(rehearsal) {
  const { check, checkout, registry, account } = rehearsal;
  const repository = 'serverless-serverless-bert-dev';
  await check('serverless deploy --stage dev builds the image, pushes it and makes the stack', async () => {
    const started = performance.now();
    const output = expectSuccess(await checkout.serverless(['deploy', '--stage', 'dev']));
    assert.match(output, /Service deployed to stack serverless-bert-dev/);
    return seconds(started);
  });
  const image = await mirror(rehearsal, repository);
  const { digest } = await registry.readManifest(repository, image.split('@')[1]);
  await check('the registry has the digest that the functions name', () => assert.equal(image.split('@')[1], digest));
  await checkResources({ check, account, image });
  return image;
}

/** The deployed image comes from the registry, not from what was built here. */
function pull({ engine }, image) {
  engine.docker(['rmi', '--force', image.replace(/@.*/, ':service')]);
  engine.docker(['pull', '--quiet', image]);
}

async function checkModels(rehearsal, { image, bucket }) {
  const { check, checkout, account, cleanup } = rehearsal;
  await check('the image can be pulled by its digest', () => pull(rehearsal, image));
  await check('before there is a model, predict answers 503 with Retry-After', async () => {
    const sandbox = await startDeployed(rehearsal, 'dev', 'predict');
    const { status, body, headers } = await predict(sandbox);
    assert.deepEqual([status, body.error.code], [503, 'MODEL_UNAVAILABLE']);
    assert.match(String(headers['retry-after']), /^\d+$/);
    await sandbox.stop();
  });
  await check('npm run train:data -- put models/sample uploads the sample model', async () => {
    const output = expectSuccess(
      await checkout.npm(['run', '--silent', 'train:data', '--', 'put', 'models/sample', '--stage', 'dev']),
    );
    assert.ok(
      (await listKeys(account, bucket, 'dev/versions/')).includes(`dev/versions/${sampleVersion}/manifest.json`),
    );
    return output.trim();
  });
  await check('promote judges it in its own image and makes it current', async () => {
    assert.equal((await promote(rehearsal, { bucket, version: sampleVersion })).kind, 'promoted');
    assert.equal(await readCurrent(account, bucket), sampleVersion);
    assert.ok(
      (await listKeys(account, bucket, 'dev/versions/')).includes(`dev/versions/${sampleVersion}/verdict.json`),
    );
    return sampleVersion;
  });
  const predicting = await startDeployed(rehearsal, 'dev', 'predict');
  await check('predict answers an HTTP API event', async () => checkAnswer(await predict(predicting), sampleVersion));
  await check('npm run smoke finds nothing wrong with it', async () => {
    const front = await startHttpFront(predicting.invoke);
    cleanup.later(front.stop);
    const output = expectSuccess(await checkout.npm(['run', '--silent', 'smoke', '--', front.url]));
    return `\n      ${output.trim().replaceAll('\n', '\n      ')}\n      `;
  });
  await predicting.stop();
  await check('the same event again changes nothing', async () => {
    assert.equal((await promote(rehearsal, { bucket, version: sampleVersion })).kind, 'unchanged');
  });
  await check('a second version is promoted, and predict answers from it', async () => {
    await uploadLaterVersion(account, bucket, 'dev');
    assert.equal((await promote(rehearsal, { bucket, version: laterVersion })).kind, 'promoted');
    assert.equal(await readCurrent(account, bucket), laterVersion);
    const sandbox = await startDeployed(rehearsal, 'dev', 'predict');
    const seen = checkAnswer(await predict(sandbox), laterVersion);
    await sandbox.stop();
    return seen;
  });
}

/** What a person does about a model that turned out bad, and takes back. */
async function checkRollback(rehearsal, { bucket }) {
  const { check, checkout, account } = rehearsal;
  const model = async (...words) =>
    expectSuccess(
      await checkout.npm(['run', '--silent', 'model', '--', ...words, '--store', `s3://${bucket}/dev`]),
    ).trim();
  const answerFrom = async (version) => {
    assert.equal(await readCurrent(account, bucket), version);
    const sandbox = await startDeployed(rehearsal, 'dev', 'predict');
    const seen = checkAnswer(await predict(sandbox), version);
    await sandbox.stop();
    return seen;
  };
  await check('npm run model -- list shows both versions', async () => {
    const table = await model('list');
    for (const version of [sampleVersion, laterVersion]) assert.ok(table.includes(version), table);
  });
  await check('npm run model -- rollback brings the first one back, and predict answers from it', async () => {
    await model('rollback', '--reason', 'rehearsal');
    return answerFrom(sampleVersion);
  });
  await check('a late event of the second version does not undo that', async () => {
    const { kind } = await promote(rehearsal, { bucket, version: laterVersion });
    assert.notEqual(kind, 'promoted');
    assert.equal(await readCurrent(account, bucket), sampleVersion);
    return kind;
  });
  await check('with the hold lifted, npm run model -- promote makes the second one current again', async () => {
    await model('hold', '--lift');
    await model('promote', laterVersion);
    return answerFrom(laterVersion);
  });
}

async function checkNeighbour(rehearsal, { bucket, image }) {
  const { check, checkout, account } = rehearsal;
  const trainingImage = await pretendTrainingImage(rehearsal, 'serverless-serverless-bert-dev');
  await check('serverless deploy --stage prod with training, in the bucket of dev', async () => {
    const started = performance.now();
    const params = { bucket, image, trainingImage, validationFile: 'valid.csv' };
    const words = Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
    expectSuccess(await checkout.serverless(['deploy', '--stage', 'prod', ...words]));
    return seconds(started);
  });
  await checkTraining({ check, account, bucket });
}

async function checkRemoval(rehearsal, { bucket }) {
  const { check, checkout, account } = rehearsal;
  const keys = await listKeys(account, bucket);
  await check('serverless remove --stage prod leaves the bucket of dev alone', async () => {
    expectSuccess(await checkout.serverless(['remove', '--stage', 'prod']));
    assert.deepEqual(await listKeys(account, bucket), keys);
  });
  await check('serverless remove --stage dev says which bucket it leaves', async () => {
    const output = expectSuccess(await checkout.serverless(['remove', '--stage', 'dev']));
    assert.match(
      output,
      new RegExp(`kept in the bucket ${bucket}\\. To use it again: serverless deploy --param bucket=${bucket}`),
    );
  });
  await check('nothing else is left, and all versions are', async () => {
    const { roles, repositories, ...rest } = await listEverything(account);
    assert.deepEqual(rest, {
      ...{ functions: [], groups: [], rules: [], topics: [], dashboards: [] },
      buckets: [bucket],
    });
    assert.deepEqual(
      roles.filter((name) => name !== 'AWSServiceRoleForBatch'),
      [],
    );
    assert.deepEqual(repositories, ['training/bert']);
    assert.deepEqual(await listKeys(account, bucket), keys);
    return `${keys.length} objects`;
  });
  await check('removing it again is told, not done', async () => {
    const { code, output } = await checkout.serverless(['remove', '--stage', 'dev']);
    assert.notEqual(code, 0);
    assert.match(output, /serverless-bert-dev does not exist/);
  });
}

async function checkReturn(rehearsal, { bucket }) {
  const { check, checkout, account } = rehearsal;
  await check('deployed anew it gets a bucket of its own', async () => {
    expectSuccess(await checkout.serverless(['deploy', '--stage', 'dev']));
    const { outputs } = await readStack(account, 'dev');
    assert.notEqual(outputs.ModelBucketName, bucket);
    return outputs.ModelBucketName;
  });
  const image = await mirror(rehearsal, 'serverless-serverless-bert-dev');
  await check('or, told so, the earlier one with its models, from which it answers', async () => {
    expectSuccess(
      await checkout.serverless([
        'deploy',
        '--stage',
        'dev',
        '--param',
        `bucket=${bucket}`,
        '--param',
        `image=${image}`,
      ]),
    );
    assert.equal((await readFunction(account, 'dev', 'predict')).variables.MODEL_URI, `s3://${bucket}/dev`);
    const sandbox = await startDeployed(rehearsal, 'dev', 'predict');
    const seen = checkAnswer(await predict(sandbox), laterVersion);
    await sandbox.stop();
    return seen;
  });
}

export async function checkLife(rehearsal) {
  const { check, checkout, account } = rehearsal;
  const image = await checkDeployment(rehearsal);
  const bucket = (await readStack(account, 'dev')).outputs.ModelBucketName;
  await checkModels(rehearsal, { image, bucket });
  await checkRollback(rehearsal, { bucket });
  await check('deployed again without a change, nothing changes', async () => {
    const output = expectSuccess(await checkout.serverless(['deploy', '--stage', 'dev']));
    assert.match(output, /No changes to deploy/);
    assert.equal((await readFunction(account, 'dev', 'predict')).image, image);
    assert.equal(await readCurrent(account, bucket), laterVersion);
  });
  await checkNeighbour(rehearsal, { bucket, image });
  await checkRemoval(rehearsal, { bucket });
  await checkReturn(rehearsal, { bucket });
}
