import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const periodUs = 20_000;
const root = '/sys/fs/cgroup';

/**
 * Limits processor time as Lambda does by a function's memory: so many milliseconds of every 20, on any processors. It makes a
 * control group, in version 1 or 2 of Linux's control groups. `enter` is a command that puts itself under the limit and becomes
 * the command behind it. `remove` works when all its processes have ended.
 *
 * @throws Error with the reason if it cannot: it takes root and Linux.
 */
export function createProcessorLimit(processors: number) {
  const quotaUs = Math.round(processors * periodUs);
  const isFirstVersion = existsSync(join(root, 'cpu', 'cpu.cfs_quota_us'));
  const folder = join(root, isFirstVersion ? 'cpu' : '', `bench-${process.pid}`);
  const values = isFirstVersion
    ? { 'cpu.cfs_period_us': periodUs, 'cpu.cfs_quota_us': quotaUs }
    : { 'cpu.max': `${quotaUs} ${periodUs}` };
  try {
    mkdirSync(folder);
    for (const [file, value] of Object.entries(values)) writeFileSync(join(folder, file), String(value));
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder);
    throw new Error(
      `processor time can be limited by root and Linux control groups only (${(error as Error).message})`,
    );
  }
  const enter = ['/bin/sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'];
  return { enter, remove: () => rmdirSync(folder) };
}
