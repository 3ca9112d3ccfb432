import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const periodUs = 20_000;
const root = '/sys/fs/cgroup';

/** A limit on processor time, as Lambda sets one by a function's memory: so many milliseconds of every 20, on any processors. */
export interface ProcessorLimit {
  /** A command that puts itself under the limit and then becomes the command that stands behind it. */
  readonly enter: readonly string[];
  /** Takes the limit away, when all processes under it have ended. */
  remove(): void;
}

/** Whether the machine mounts the processor controller in the older way, by itself. */
const isFirstVersion = () => existsSync(join(root, 'cpu', 'cpu.cfs_quota_us'));

function setQuota(folder: string, quotaUs: number): void {
  const write = (file: string, value: string | number) => writeFileSync(join(folder, file), String(value));
  if (isFirstVersion()) {
    write('cpu.cfs_period_us', periodUs);
    write('cpu.cfs_quota_us', quotaUs);
  } else write('cpu.max', `${quotaUs} ${periodUs}`);
}

/** Makes the group; what cannot be limited does not stay behind. */
function makeGroup(processors: number): string {
  if (!existsSync(root)) throw new Error(`there is no ${root}`);
  const folder = join(root, isFirstVersion() ? 'cpu' : '', `bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    setQuota(folder, Math.round(processors * periodUs));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return folder;
}

/**
 * Makes a group whose processes together have so many processors. Linux control groups, of either version.
 *
 * @throws Error that says why there is none; it takes root.
 */
export function createProcessorLimit(processors: number): ProcessorLimit {
  try {
    const folder = makeGroup(processors);
    return {
      enter: ['/bin/sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'],
      remove: () => rmdirSync(folder),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`processor time can be limited by root and Linux control groups only (${reason})`);
  }
}
