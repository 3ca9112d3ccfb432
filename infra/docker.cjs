// Whether the command `docker` of this machine can build and push, as sentences.
const { spawnSync } = require('node:child_process');

const lastLine = (text) => text.trim().split('\n').at(-1);

/**
 * What is wrong with `docker`, beyond its being there.
 *
 * @param run - runs a command: `status`, `stdout`, `stderr`.
 */
function findDockerProblems(run = (words) => spawnSync('docker', words, { encoding: 'utf8' })) {
  const { status, stdout, stderr } = run(['version']);
  if (status !== 0) return [`docker is there but does not work: ${lastLine(stderr || stdout)}`];
  // A push then prints the digests of layers, of which Serverless takes the first for the image's.
  if (/^Client:\s+Podman/.test(stdout))
    return [
      "docker is podman's own command here, whose push does not tell the image's digest. Install the docker command, start " +
        '`podman system service --time 0` and let DOCKER_HOST name its socket (docs/deploy.md).',
    ];
  return [];
}

module.exports = { findDockerProblems };
