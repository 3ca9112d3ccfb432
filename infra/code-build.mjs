// Builds the training image in the account, with AWS CodeBuild: the source goes to the deployment bucket as a ZIP archive, the log is
// followed, and the image is pushed from there. For machines that cannot send gigabytes.
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import yazl from 'yazl';
import { readRevision } from './built-image.mjs';
import { listContent } from './image-content.mjs';
import { findDigest } from './image-repository.mjs';

const dockerfile = 'Dockerfile.train';
const shownLines = 15;

/** The Dockerfile and the files that it copies, as an archive. */
export function zipSource(root) {
  const archive = new yazl.ZipFile();
  for (const path of [dockerfile, '.dockerignore', ...listContent(root, dockerfile)])
    archive.addFile(join(root, path), path);
  archive.end();
  return buffer(archive.outputStream);
}

/** Reads the lines of a build's log that came after `nextToken`. There are none while the log does not exist. */
async function readLog(client, logGroupName, logStreamName, nextToken) {
  try {
    const request = { logGroupName, logStreamName, startFromHead: true, ...(nextToken && { nextToken }) };
    const { events = [], nextForwardToken } = await client.send(new GetLogEventsCommand(request));
    return { lines: events.map(({ message = '' }) => message.trimEnd()).filter(Boolean), next: nextForwardToken };
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return { lines: [], next: nextToken };
    throw error;
  }
}

/** Follows a build to its end: its status, the phase that failed, and the last lines of its log. */
async function followBuild({ codeBuild, logs }, { id, project, pauseMs }, tell) {
  const last = [];
  let next;
  for (;;) {
    const [build] = (await codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }))).builds;
    const page = await readLog(logs, `/aws/codebuild/${project}`, id.split(':')[1], next);
    next = page.next;
    page.lines.forEach(tell);
    last.push(...page.lines);
    last.splice(0, last.length - shownLines);
    if (build.buildStatus !== 'IN_PROGRESS') {
      const failed = build.phases?.find(({ phaseStatus = 'SUCCEEDED' }) => phaseStatus !== 'SUCCEEDED');
      return { status: build.buildStatus, phase: failed?.phaseType, last };
    }
    await sleep(pauseMs);
  }
}

/**
 * Builds the training image and pushes it. Resolves to its digest.
 *
 * @param request - `root`, `image` (name with repository and tag), `base` (its base image, if not the Dockerfile's), `repositoryName`, `bucket` (for the source), `project`
 *   (CodeBuild's) and `pauseMs` (between two looks at the build).
 * @param clients - of AWS: `codeBuild`, `logs`, `s3`, `registry`.
 * @throws Error with one sentence and the end of the log if the build fails.
 */
export async function buildInAccount(request, clients, { log, tell }) {
  const { root, image, base, repositoryName, bucket, project, pauseMs = 5000 } = request;
  const imageTag = image.split(':').at(-1);
  const Key = `training-image/${imageTag}.zip`;
  log(`trainingImage: CodeBuild builds ${dockerfile} in the account; that takes about 20 minutes and 0.20 USD.`);
  await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: await zipSource(root) }));
  try {
    const environmentVariablesOverride = [
      { name: 'IMAGE', value: image },
      { name: 'REVISION', value: readRevision(root) },
      ...(base ? [{ name: 'BASE', value: base }] : []),
    ];
    const start = { projectName: project, sourceLocationOverride: `${bucket}/${Key}`, environmentVariablesOverride };
    const { id } = (await clients.codeBuild.send(new StartBuildCommand(start))).build;
    log(`trainingImage: following the build ${id}.`);
    const { status, phase, last } = await followBuild(clients, { id, project, pauseMs }, tell);
    const digest = status === 'SUCCEEDED' && (await findDigest(clients.registry, { repositoryName, imageTag }));
    if (digest) return digest;
    throw new Error(
      `trainingImage: CodeBuild's build ${id} ended with ${status}${phase ? ` in its phase ${phase}` : ''} and pushed no image. ` +
        `The stage stays as it was. The last lines of its log:\n${last.join('\n')}`,
    );
  } finally {
    await clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  }
}
