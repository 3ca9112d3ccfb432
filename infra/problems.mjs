// Finds problems of a deployment before it starts, and describes each in a sentence.
import { spawnSync } from 'node:child_process';
import { parameters } from './parameters.mjs';

/** Finds an unknown stage, unknown parameters, and texts that a parameter does not accept. `options` are the command line's. */
export function findProblems({ service, configurationInput: { params } }, options) {
  const stage = service.provider.stage;
  const stages = Object.keys(params).filter((name) => name !== 'default');
  if (!stages.includes(stage))
    return [
      `There is no stage "${stage}". Stages are ${stages.join(' and ')}; infra/parameters.yml takes another one as a further section.`,
    ];
  const given = (options.param ?? []).map((text) => text.split('=')[0]);
  const written = Object.values(params).flatMap((section) => Object.keys(section));
  const unknown = [...new Set([...given, ...written])].filter((name) => !(name in parameters));
  return [...unknown.map(describeUnknown), ...service.custom.settings.problems];
}

const describeUnknown = (name) => `There is no parameter "${name}"; docs/settings.md lists them all.`;

const lastLine = (text) => text.trim().split('\n').at(-1);

/**
 * Finds out whether the installed command `docker` can build and push.
 *
 * @param {(words: string[]) => { status: number | null, stdout: string, stderr: string }} run - runs docker.
 */
export function findDockerProblems(run = (words) => spawnSync('docker', words, { encoding: 'utf8' })) {
  const { status, stdout, stderr } = run(['version']);
  if (status !== 0) return [`docker is there but does not work: ${lastLine(stderr || stdout)}`];
  // Podman's push prints the digests of layers. Serverless would take the first of them for the image's digest.
  if (/^Client:\s+Podman/.test(stdout))
    return [
      "docker is podman's own command here, whose push does not tell the image's digest. Install the docker command, start " +
        '`podman system service --time 0` and let DOCKER_HOST name its socket (docs/deploy.md).',
    ];
  return [];
}
