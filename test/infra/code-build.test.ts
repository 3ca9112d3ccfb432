// The training image built in the account: the stack of CodeBuild's project in moto, and builds that moto cannot fail by a small server.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient, CreateProjectCommand } from '@aws-sdk/client-codebuild';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { ensureBuilder, removeBuilder } from '../../infra/builder-stack.mjs';
import { buildInAccount, zipSource } from '../../infra/code-build.mjs';
import { findStack } from '../../infra/stack.mjs';
import { at, type JsonObject, listOf, propertiesOf, type Template, textOf } from './template.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const region = 'us-east-1';
const moto = { endpoint: process.env.TEST_S3_ENDPOINT ?? '', region, credentials };
const stack = 'serverless-bert-prod-builder';
const bucket = 'sources-of-builds';
const repositoryName = 'repository-of-builds';
const [built, unbuilt] = ['training-0123456789abcdef', 'training-fedcba9876543210'];
const digest = `sha256:${'a'.repeat(64)}`;

const cloudFormation = new CloudFormationClient(moto);
const s3 = new S3Client({ ...moto, forcePathStyle: true });
const registry = new ECRClient(moto);
const fromMoto = { codeBuild: new CodeBuildClient(moto), logs: new CloudWatchLogsClient(moto), s3, registry };

/** CodeBuild and its log: each look at the build gets the next of `statuses`, and the log one more line. */
const service = { statuses: [] as string[], lines: [] as string[], started: {} as JsonObject };
const server = createServer(async (request, response) => {
  const action = String(request.headers['x-amz-target']).split('.')[1];
  const asked = (await json(request)) as JsonObject;
  if (action === 'StartBuild') service.started = asked;
  const buildStatus = action === 'BatchGetBuilds' ? service.statuses.shift() : 'IN_PROGRESS';
  const phases = [
    { phaseType: 'INSTALL', phaseStatus: 'SUCCEEDED' },
    { phaseType: 'BUILD', phaseStatus: buildStatus },
  ];
  const build = { id: `${stack}:0f0f`, buildStatus, phases };
  const position = Number(asked.nextToken ?? 0);
  const events = service.lines
    .slice(position, position + 1)
    .map((message) => ({ message: `${message}\n`, timestamp: 1 }));
  const log = { events, nextForwardToken: String(position + events.length) };
  const answer = action === 'GetLogEvents' ? log : action === 'StartBuild' ? { build } : { builds: [build] };
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await registry.send(new CreateRepositoryCommand({ repositoryName }));
  const imageManifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
  const pushed = { repositoryName, imageTag: built, imageDigest: digest, imageManifest: '{}', imageManifestMediaType };
  await registry.send(new PutImageCommand(pushed));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const fromServer = () => {
  const own = { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region, credentials };
  return { codeBuild: new CodeBuildClient(own), logs: new CloudWatchLogsClient(own), s3, registry };
};

async function build(tag: string, clients: typeof fromMoto, base?: string) {
  const [said, progress]: [string[], string[]] = [[], []];
  const image = `123456789012.dkr.ecr.us-east-1.amazonaws.com/${repositoryName}:${tag}`;
  const request = { root: process.cwd(), image, base, repositoryName, bucket, project: stack, pauseMs: 1 };
  const report = { log: (line: string) => said.push(line), tell: (line: string) => progress.push(line) };
  const result = await buildInAccount(request, clients, report);
  return { result, said, progress };
}

const listSources = async () => (await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? [];

describe('the stack of the builder', () => {
  it('is made, kept up to date and removed', async () => {
    for (const Repository of [repositoryName, repositoryName, 'another'])
      await ensureBuilder(cloudFormation, stack, { Bucket: bucket, Repository });
    const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName: stack }));
    expect(StackResources.map(({ ResourceType }) => ResourceType)).toContain('AWS::IAM::Role');
    for (const _ of ['there', 'gone']) await removeBuilder(cloudFormation, stack);
    expect(await findStack(cloudFormation, stack)).toBeUndefined();
  });

  const template = parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'infra', 'training', 'builder.yml'), 'utf8'),
  ) as Template;

  it('has a role that may read the source, push to one repository and write its log, and nothing else', () => {
    const policies = propertiesOf(template, 'Role').Policies;
    const statements = listOf(at(policies, 0, 'PolicyDocument', 'Statement')) as JsonObject[];
    const lines = statements.flatMap(({ Action, Resource }) =>
      listOf(Action).map((action) => `${action} ${textOf(Resource)}`),
    );
    const repository = 'arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/<Repository>';
    const push = [
      'BatchCheckLayerAvailability',
      'InitiateLayerUpload',
      'UploadLayerPart',
      'CompleteLayerUpload',
      'PutImage',
    ];
    expect(lines).toEqual([
      's3:GetObject arn:<AWS::Partition>:s3:::<Bucket>/training-image/*',
      's3:GetObjectVersion arn:<AWS::Partition>:s3:::<Bucket>/training-image/*',
      's3:GetBucketLocation arn:<AWS::Partition>:s3:::<Bucket>',
      'ecr:GetAuthorizationToken *',
      ...push.map((action) => `ecr:${action} ${repository}`),
      'logs:CreateLogStream <LogGroup.Arn>',
      'logs:PutLogEvents <LogGroup.Arn>',
    ]);
  });

  it('builds Dockerfile.train on an x86 machine with docker, and pushes only what was built', () => {
    const { Environment, Source, TimeoutInMinutes } = propertiesOf(template, 'Project');
    expect(Environment).toMatchObject({ Type: 'LINUX_CONTAINER', PrivilegedMode: true });
    expect(TimeoutInMinutes).toBe(90);
    const { phases } = parse(String((Source as JsonObject).BuildSpec));
    // A command that fails ends its phase.
    expect(Object.keys(phases)).toEqual(['build']);
    expect(phases.build.commands).toEqual([
      expect.stringContaining('docker login'),
      expect.stringMatching(/^docker build --file Dockerfile\.train /),
      'docker push "$IMAGE"',
    ]);
  });

  it('names the base image only if there is one', () => {
    const { phases } = parse(String((propertiesOf(template, 'Project').Source as JsonObject).BuildSpec));
    const command = String(phases.build.commands[1]).replace('docker', 'echo');
    const run = (BASE: string) =>
      execFileSync('sh', ['-c', command], { env: { IMAGE: 'i', REVISION: 'r', BASE }, encoding: 'utf8' });
    expect(run('x@y').trim()).toBe(
      'build --file Dockerfile.train --build-arg BASE=x@y --build-arg REVISION=r --tag i .',
    );
    expect(run('').trim()).toBe('build --file Dockerfile.train --build-arg REVISION=r --tag i .');
  });
});

describe('a build in the account', () => {
  it('resolves to the digest that was pushed, and leaves no source in the bucket', async () => {
    const role = {
      serviceRole: 'arn:aws:iam::123456789012:role/builder',
      artifacts: { type: 'NO_ARTIFACTS' as const },
    };
    const source = { type: 'S3' as const, location: `${bucket}/training-image/source.zip` };
    const environment = {
      type: 'LINUX_CONTAINER' as const,
      image: 'x',
      computeType: 'BUILD_GENERAL1_MEDIUM' as const,
    };
    await fromMoto.codeBuild.send(new CreateProjectCommand({ name: stack, source, environment, ...role }));
    const { result, said } = await build(built, fromMoto);
    expect(result).toBe(digest);
    expect(said).toEqual([
      expect.stringMatching(/^trainingImage: CodeBuild builds Dockerfile\.train .* about 20 minutes and 0\.20 USD\.$/),
      expect.stringMatching(/^trainingImage: following the build serverless-bert-prod-builder:/),
    ]);
    expect(await listSources()).toEqual([]);
  });

  it('gets the source, the name of the image and the commit, and its log is followed', async () => {
    Object.assign(service, {
      statuses: ['IN_PROGRESS', 'IN_PROGRESS', 'SUCCEEDED'],
      lines: ['Step 1', 'Step 2', 'Pushed'],
    });
    const { progress } = await build(built, fromServer());
    expect(progress).toEqual(['Step 1', 'Step 2', 'Pushed']);
    expect(service.started).toMatchObject({
      projectName: stack,
      sourceLocationOverride: `${bucket}/training-image/${built}.zip`,
      environmentVariablesOverride: [
        { name: 'IMAGE', value: expect.stringContaining(`/${repositoryName}:${built}`) },
        { name: 'REVISION', value: expect.stringMatching(/^[0-9a-f]{40}$|^$/) },
      ],
    });
  });

  it('gets the base image that a parameter names', async () => {
    Object.assign(service, { statuses: ['SUCCEEDED'], lines: [] });
    await build(built, fromServer(), 'nvidia/cuda@sha256:0');
    expect(service.started.environmentVariablesOverride).toContainEqual({
      name: 'BASE',
      value: 'nvidia/cuda@sha256:0',
    });
  });

  it.each([
    [
      'fails',
      built,
      'FAILED',
      / ended with FAILED in its phase BUILD and pushed no image\. .* its log:\nStep 1\npip: no such package$/s,
    ],
    ['is stopped', built, 'STOPPED', / ended with STOPPED in its phase BUILD and pushed no image\. /],
    ['pushes nothing', unbuilt, 'SUCCEEDED', / ended with SUCCEEDED and pushed no image\. /],
  ])('is refused in a sentence with the end of its log if it %s', async (_what, tag, status, sentence) => {
    Object.assign(service, { statuses: ['IN_PROGRESS', status], lines: ['Step 1', 'pip: no such package'] });
    await expect(build(tag, fromServer())).rejects.toThrow(sentence);
    expect(await listSources()).toEqual([]);
  });

  it('sends the Dockerfile and what it copies, and nothing else', async () => {
    const archive = await zipSource(process.cwd());
    for (const name of ['Dockerfile.train', '.dockerignore', 'training/train.py', 'training/requirements.txt'])
      expect(archive.includes(name)).toBe(true);
    for (const name of ['package.json', 'functions/', 'README']) expect(archive.includes(name)).toBe(false);
  });
});
