// One function of the image in a container as confined as Lambda's environment, with a Runtime API of its own.
import { readFileSync } from 'node:fs';
import { listFiles } from './image-content.mjs';
import { podman, readProcess, startContainer } from './podman.mjs';
import { startRuntimeApi } from './runtime-api.mjs';

/** Memory of the function in MiB. Here /tmp is a tmpfs and counts towards it. In Lambda it does not. */
export const memoryMiB = 512;

/** An account that owns nothing, without a home. */
export const userId = 993;

const confinement = [
  ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,nosuid,nodev,size=512m,mode=1777'],
  ...['--user', `${userId}:990`, '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--unsetenv', 'HOME'],
  ...['--memory', `${memoryMiB}m`, '--memory-swap', `${memoryMiB}m`],
];

const lambdaEnvironment = {
  AWS_REGION: 'eu-west-1',
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_LAMBDA_FUNCTION_NAME: 'predict',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/predict',
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/24/[$LATEST]00000000000000000000000000000000',
  // Lambda does not set it. A library that caches something in the home folder writes where the test looks.
  XDG_CACHE_HOME: '/tmp/cache',
};

const readFirst = (paths) => {
  for (const path of paths) {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      // The path in the other cgroup version.
    }
  }
  throw new Error(`None of ${paths.join(', ')} can be read.`);
};

/** Reads /proc about the function's process. */
function readFunctionProcess(container) {
  const { pid, read, ...state } = readProcess(container);
  const groups = read('cgroup').split('\n');
  const path = (pattern) => groups.find((line) => pattern.test(line))?.replace(/^[^/]*/, '') ?? '';
  const [v1, v2] = [`/sys/fs/cgroup/memory${path(/:memory:/)}`, `/sys/fs/cgroup${path(/^0::/)}`];
  const memoryLimit = Number(readFirst([`${v1}/memory.limit_in_bytes`, `${v2}/memory.max`]));
  return { ...state, memoryLimit, temporaryFiles: listFiles(`/proc/${pid}/root/tmp`) };
}

/**
 * Starts the image's function, or the one that `handler` names.
 *
 * @returns `invoke(event)` (rejects if the container ends meanwhile), `output()`, `readProcess()`, `freeze()`, which stops all of its
 * processes until `thaw()`, and `stop()`.
 */
export async function startSandbox({ image, variables, handler = '' }) {
  const api = await startRuntimeApi();
  const env = { ...lambdaEnvironment, ...variables, AWS_LAMBDA_RUNTIME_API: api.address };
  const name = api.address.split(':')[1];
  const command = handler ? [handler] : [];
  const container = startContainer({ image, name, env, flags: confinement, command });
  const ended = container.exited.then((code) => {
    throw new Error(`The container ended with exit code ${code}:\n${container.output()}`);
  });
  ended.catch(() => {});
  const stop = async () => {
    await container.stop();
    await api.stop();
  };
  return {
    invoke: (event) => Promise.race([api.invoke(event), ended]),
    output: container.output,
    readProcess: () => readFunctionProcess(container),
    freeze: () => podman(['pause', container.name]),
    thaw: () => podman(['unpause', container.name]),
    stop,
  };
}
