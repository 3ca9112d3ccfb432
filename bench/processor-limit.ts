import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const periodUs = 20_000;
const root = '/sys/fs/cgroup';

/** Makes a control group with a quota, in version 1 or 2 of Linux's control groups. */
function makeGroup(processors: number): string {
  if (!existsSync(root)) throw new Error(`there is no ${root}`);
  const first = existsSync(join(root, 'cpu', 'cpu.cfs_quota_us'));
  const folder = join(root, first ? 'cpu' : '', `bench-${process.pid}`);
  const write = (file: string, value: string | number) => writeFileSync(join(folder, file), String(value));
  const quotaUs = Math.round(processors * periodUs);
  mkdirSync(folder, { recursive: true });
  try {
    if (first) write('cpu.cfs_period_us', periodUs);
    if (first) write('cpu.cfs_quota_us', quotaUs);
    else write('cpu.max', `${quotaUs} ${periodUs}`);
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return folder;
}

/**
 * Limits processor time as Lambda does by a function's memory: so many milliseconds of every 20, on any processors. `enter` is a
 * command that puts itself under the limit and becomes the command behind it. `remove` works when all its processes have ended.
 *
 * @throws Error with the reason if it cannot: it takes root and Linux.
 */
export function createProcessorLimit(processors: number) {
  try {
    const folder = makeGroup(processors);
    const enter = ['/bin/sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'];
    return { enter, remove: () => rmdirSync(folder) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`processor time can be limited by root and Linux control groups only (${reason})`);
  }
}
