// Whether the memory of a process stays where it is while it works.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Outcome } from '../campaign.ts';

const mebibyte = 1024 * 1024;

/** Cases in which caches, compiled code and the heap's own size settle. */
const warmUpCases = 15_000;

/** Cases between two looks, and later a share of those tried: a look collects garbage, which takes 50 ms. */
const lookCases = 1000;
const lookShare = 1 / 50;

/** Memory that may come on top: the least of some looks swings by up to this. */
const allowance = 48 * mebibyte;
/** And as much for each case, a megabyte for 100,000: a leak of a request or an answer is larger. */
const allowancePerCase = 10;

/** Watches the memory of a process. */
export interface MemoryWatch {
  /** Counts cases as tried. */
  count(cases: number): void;
  /** Adds a finding to an outcome if memory has grown, and a line with the figures. */
  judge(outcome: Outcome): Outcome;
}

/** Lowest of some values: what is in use just after memory was collected. */
const lowest = (values: readonly number[]) => Math.min(...values);

/**
 * Compares the memory after the warm-up with that at the end, each by the lowest of a fifth of the looks between. A run that ends
 * before the warm-up is not judged.
 *
 * @param read - bytes that the process uses.
 */
export function watchMemory(read: () => number): MemoryWatch {
  const looks: number[] = [];
  let [tried, next] = [0, warmUpCases];
  return {
    count: (cases) => {
      tried += cases;
      if (tried < next) return;
      next += Math.max(lookCases, Math.floor(tried * lookShare));
      looks.push(read());
    },
    judge: (outcome) => {
      const fifth = Math.floor(looks.length / 5);
      if (fifth === 0) return outcome;
      const [before, after] = [lowest(looks.slice(0, fifth)), lowest(looks.slice(-fifth))];
      const allowed = allowance + allowancePerCase * (tried - warmUpCases);
      const line = `Memory after ${warmUpCases} and ${tried} cases: ${toMebibytes(before)} and ${toMebibytes(after)} MiB.`;
      const findings = after - before > allowed ? [...outcome.findings, `Memory grows. ${line}`] : outcome.findings;
      return { ...outcome, findings, lines: [...(outcome.lines ?? []), line] };
    },
  };
}

/** Returns a function that collects the garbage of this process. */
export function exposeCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

/**
 * Creates a function that collects garbage and returns the bytes that this process's objects use, buffers among them. The memory of
 * the whole process swings by 100 MB here, since the generators of cases work in it too.
 */
export function createHeapReader(): () => number {
  const collect = exposeCollector();
  return () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}

const toMebibytes = (bytes: number) => Math.round(bytes / mebibyte);
