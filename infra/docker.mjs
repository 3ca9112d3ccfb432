// The docker command: whether it can build and push, a build, and a push. Each failure is described in a sentence.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const lastLines = (text, count) => text.trim().split('\n').slice(-count).join('\n');

/**
 * Finds out whether the installed command `docker` can build and push.
 *
 * @param {(words: string[]) => { status: number | null, stdout: string, stderr: string, error?: Error }} run - runs docker.
 */
export function findDockerProblems(run = (words) => spawnSync('docker', words, { encoding: 'utf8' })) {
  const { status, stdout, stderr, error } = run(['version']);
  if (error)
    return [
      `docker cannot be started (${error.message}). Install Docker or podman, or name images by digest (docs/deploy.md).`,
    ];
  if (status !== 0) return [`docker is there but does not work: ${lastLines(stderr || stdout, 1)}`];
  // Podman's push prints the digests of layers, and the image's digest not at all.
  if (/^Client:\s+Podman/.test(stdout))
    return [
      "docker is podman's own command here, whose push does not tell the image's digest. Install the docker command, start " +
        '`podman system service --time 0` and let DOCKER_HOST name its socket (docs/deploy.md).',
    ];
  return [];
}

/** Runs docker, and gives each line that it prints to `tell`. Resolves to `code` and `output`. */
function runDocker(words, tell) {
  // Lambda takes no image with BuildKit's attestation, which is a second manifest under one tag.
  const env = { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  const child = spawn('docker', words, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const lines = [];
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (line.trim()) tell(line.trim());
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, output: lines.join('\n') }));
  });
}

const refuseFullDisk = (parameter, output) => {
  if (/no space left on device/i.test(output))
    throw new Error(`${parameter}: docker has no space left. \`docker system prune\` frees some.`);
};

/**
 * Builds an image from a Dockerfile of the project.
 *
 * @param {{ parameter: string, root: string, file: string, platform: string, buildArguments: Record<string, string>, image: string }} request
 *   `image` is its name with repository and tag; `parameter` begins the sentence of an error.
 * @param {(line: string) => void} tell - gets each line of docker's progress.
 */
export async function buildImage({ parameter, root, file, platform, buildArguments, image }, tell) {
  const values = Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const words = ['build', '--platform', platform, '--file', `${root}/${file}`, '--tag', image, ...values, root];
  const { code, output } = await runDocker(words, tell);
  if (code === 0) return;
  refuseFullDisk(parameter, output);
  throw new Error(`${parameter}: docker cannot build ${file}. Its last lines:\n${lastLines(output, 15)}`);
}

/** Pushes an image, and resolves to the digest that the registry gave it. */
export async function pushImage({ parameter, image }, tell) {
  const { code, output } = await runDocker(['push', image], tell);
  const [, digest] = /\bdigest: (sha256:[0-9a-f]{64})\b/.exec(output) ?? [];
  if (code === 0 && digest) return digest;
  refuseFullDisk(parameter, output);
  throw new Error(
    `${parameter}: the push of ${image} was cut off (${lastLines(output, 1)}). Nothing is deployed; the next deployment sends the layers that are missing.`,
  );
}
