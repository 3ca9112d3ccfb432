// One container of the training image, run to its end.
import assert from 'node:assert/strict';
import { startContainer } from '../image/podman.mjs';

/** The user of Dockerfile.train. */
export const bert = 1000;

/** What AWS Batch's job definition asks for: nothing can be written but /tmp, and nothing is allowed. */
export const confinement = [
  ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,exec,nosuid,nodev,mode=1777'],
  ...['--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
];

/** Mounts a folder where the tutorial does. */
export const mount = (folder, options = 'rw') => ['--volume', `${folder}:/home/bert/data:${options}`];

/** `start(…)` gives what `startContainer` gives, `run(…)` the `code` and `output` of its end. Both end with the test. */
export function createContainers({ image, cleanup }) {
  let started = 0;
  const start = ({ env = {}, flags = [], command = [], network = 'none' }) => {
    started += 1;
    const name = `serverless-bert-${process.pid}-train-${started}`;
    const container = startContainer({ image, name, env, flags, command, network });
    cleanup.later(async () => container.stop());
    return container;
  };
  const run = async (options) => {
    const container = start(options);
    const code = await container.exited;
    return { code, output: container.output() };
  };
  return { start, run };
}

/** Asserts an exit code; the container's output is the message. */
export const assertEnded = ({ code, output }, expected = 0) => assert.equal(code, expected, output);

/** The details of an event that the run announced. */
export function findEvent(output, event) {
  const found = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .find((line) => line.event === event);
  if (!found) throw new Error(`No event ${event} in:\n${output}`);
  return found;
}
