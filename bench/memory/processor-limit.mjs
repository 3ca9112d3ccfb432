// A limit on a process's processor time, as Lambda sets one by a function's memory: so many milliseconds of every 20, on however
// many processors. Linux control groups, of either version; takes root.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const periodUs = 20_000;
const root = '/sys/fs/cgroup';

/** Whether the machine mounts the processor controller in the older way, by itself. */
const isFirstVersion = existsSync(join(root, 'cpu', 'cpu.cfs_quota_us'));

const write = (folder, file, value) => writeFileSync(join(folder, file), String(value));

function setQuota(folder, quotaUs) {
  if (!isFirstVersion) return write(folder, 'cpu.max', `${quotaUs} ${periodUs}`);
  write(folder, 'cpu.cfs_period_us', periodUs);
  write(folder, 'cpu.cfs_quota_us', quotaUs);
}

/**
 * Makes a group whose processes together have so many processors: `{ enter, countThrottled(), remove() }`, where `enter` is a
 * command that joins it and then becomes what stands behind it.
 */
export function createLimit(processors) {
  const folder = join(root, isFirstVersion ? 'cpu' : '', `bench-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
    setQuota(folder, Math.round(processors * periodUs));
  } catch (error) {
    throw new Error(`${folder} cannot be used (${error.message}): a limit on processor time takes root.`);
  }
  const enter = ['/bin/sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'];
  const countThrottled = () =>
    Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))?.[1]);
  return { enter, countThrottled, remove: () => rmdirSync(folder) };
}
