// A network of the test's own, with nothing on it but its loopback address: ports are free there, and nothing leads out.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Starts the network: `name` for podman, `run(command, args)` in it, and `stop()`. */
export async function startNetwork() {
  const script = 'ip link set lo up && echo ready && exec sleep infinity';
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(([code]) => {
      throw new Error(`unshare --net ended with ${code}.`);
    }),
  ]);
  const file = `/proc/${holder.pid}/ns/net`;
  const run = (command, args, options) =>
    spawnSync('nsenter', [`--net=${file}`, command, ...args], { encoding: 'utf8', ...options });
  const stop = () => {
    holder.kill('SIGKILL');
    return ended;
  };
  return { name: `ns:${file}`, run, stop };
}
