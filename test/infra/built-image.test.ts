// Images that a deployment builds, with a command `docker` that a test writes, and moto's ECR.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { buildHere, provideImage, tagOf } from '../../infra/built-image.mjs';

const folder = mkdtempSync(join(tmpdir(), 'docker-'));
const path = process.env.PATH;
afterAll(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

/** Makes a command `docker` that notes its words and then runs lines of shell for `build` and for `push`. */
function writeDocker({ build = 'true', push = 'true' }) {
  const lines = [`echo "$@" >> ${folder}/words`, 'case $1 in', `build) ${build};;`, `push) ${push};;`, 'esac'];
  writeFileSync(join(folder, 'words'), '');
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(join(folder, 'docker'), 0o755);
  process.env.PATH = `${folder}:${path}`;
}
const readWords = () => readFileSync(join(folder, 'words'), 'utf8').trim().split('\n').filter(Boolean);

const registry = new ECRClient({
  endpoint: process.env.TEST_S3_ENDPOINT ?? '',
  region: 'ap-south-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const digest = `sha256:${'d'.repeat(64)}`;
const layer = `sha256:${'e'.repeat(64)}`;
const repositoryUri = '123456789012.dkr.ecr.ap-south-1.amazonaws.com/stage';
const request = {
  parameter: 'trainingImage',
  root: process.cwd(),
  platform: 'linux/amd64',
  repositoryName: 'stage',
  repositoryUri,
};
const tag = tagOf(request);

async function provide(more: { readonly base?: string } = {}) {
  const [said, progress]: [string[], string[]] = [[], []];
  const log = (line: string) => said.push(line);
  const image = await provideImage(
    { ...request, ...more },
    {
      registry,
      build: buildHere,
      log,
      tell: (line: string) => progress.push(line),
    },
  );
  return { image, said, progress };
}

beforeAll(() => registry.send(new CreateRepositoryCommand({ repositoryName: 'stage' })));

describe('an image that the repository does not have', () => {
  it('is built and pushed under the tag of its content, and named by the digest of the push', async () => {
    writeDocker({
      build: 'echo Step 1/9',
      push: `echo "1: digest of a layer ${layer}"; echo "tag: digest: ${digest} size: 9"`,
    });
    const { image, said, progress } = await provide();
    expect(image).toBe(`${repositoryUri}@${digest}`);
    const [build = '', push = ''] = readWords();
    expect(build).toMatch(/^build --platform linux\/amd64 --file \S+\/Dockerfile\.train --tag /);
    expect(build).toContain(`--tag ${repositoryUri}:${tag} --build-arg REVISION=`);
    expect(push).toBe(`push ${repositoryUri}:${tag}`);
    expect(said).toEqual([
      expect.stringMatching(/^trainingImage: building Dockerfile\.train: about 10 GB .* 10 to 30 minutes/),
      `trainingImage: pushing ${repositoryUri}:${tag}.`,
    ]);
    expect(progress).toContain('Step 1/9');
  });

  it('is built on the base image that a parameter names, under another tag', async () => {
    writeDocker({ push: `echo "tag: digest: ${digest} size: 9"` });
    const base = `nvidia/cuda:13.0.3-base-ubuntu24.04@sha256:${'b'.repeat(64)}`;
    await provide({ base });
    const [build = ''] = readWords();
    expect(build).toContain(`--build-arg BASE=${base} --build-arg REVISION=`);
    expect(build).toContain(`--tag ${repositoryUri}:${tagOf({ ...request, base })} `);
    expect(tagOf({ ...request, base })).not.toBe(tag);
    expect(tagOf({ ...request, base: null })).toBe(tag);
  });

  it.each([
    [
      'a build that fails',
      { build: 'echo "pip: no such package" >&2; exit 1' },
      /^trainingImage: docker cannot build Dockerfile\.train\. Its last lines:\npip: no such package$/,
    ],
    [
      'a full disk while building',
      { build: 'echo "write /x: no space left on device" >&2; exit 1' },
      /^trainingImage: docker has no space left\. /,
    ],
    [
      'a full disk while pushing',
      { push: 'echo "no space left on device" >&2; exit 1' },
      /^trainingImage: docker has no space left\. /,
    ],
    [
      'a push that is cut off',
      { push: 'echo "connection reset by peer" >&2; exit 1' },
      /^trainingImage: the push of \S+ was cut off \(connection reset by peer\)\. Nothing is deployed; [^.]+\.$/,
    ],
    ['a push without a digest', { push: 'echo done' }, /^trainingImage: the push of \S+ was cut off \(done\)/],
  ])('is not named after %s', async (_what, docker, sentence) => {
    writeDocker(docker);
    await expect(provide()).rejects.toThrow(sentence);
  });
});

describe('an image that the repository has', () => {
  it('is neither built nor pushed, and one line says so', async () => {
    const manifest = { imageManifest: '{}', imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json' };
    await registry.send(
      new PutImageCommand({ repositoryName: 'stage', imageTag: tag, imageDigest: digest, ...manifest }),
    );
    writeDocker({});
    const { image, said } = await provide();
    expect(image).toBe(`${repositoryUri}@${digest}`);
    expect(said).toEqual([`trainingImage: ${tag} is in the repository already. It is neither built nor pushed.`]);
    expect(readWords()).toEqual([]);
  });
});
