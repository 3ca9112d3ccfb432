import { readdirSync, readFileSync } from 'node:fs';

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended, or this system has no /proc.
    return '';
  }
};

function listChildren(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readText(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** A process and all that it started. */
function listFamily(pid: number): number[] {
  return [pid, ...listChildren(pid).flatMap(listFamily)];
}

/**
 * Most memory that a process and its children had resident, each at its own peak, in MiB. Pages that they share count for
 * each. 0 where there is no /proc.
 */
export function readPeakMemory(pid: number): number {
  const peaks = listFamily(pid).map((member) =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(readText(`/proc/${member}/status`))?.[1] ?? 0),
  );
  return peaks.reduce((sum, peak) => sum + peak, 0) / 1024;
}
