// Whether memory, descriptors and latency stay where they are while requests are answered.

/** What was seen while one share of the requests was answered. */
export interface Block {
  /** Requests that were answered at its end. */
  readonly requests: number;
  /** Least resident memory, in MB. */
  readonly rssMb: number;
  /** Fewest open descriptors. */
  readonly descriptors: number;
  /** Milliseconds of an answer. */
  readonly p50: number;
  readonly p99: number;
}

/** Blocks of a run. */
export const blockCount = 30;

/** The first fifth of them warms the process up: code is compiled, and the heap grows to the size that it keeps. */
const warmShare = 0.2;

/** A run that was stopped is judged too, if it has so many blocks. */
const fewestBlocks = 10;

const mbPer100000 = 1;

/** A run of fewer requests is short. The heap's own waves are larger than a leak may be there, and its blocks are short. */
const shortRequests = 200_000;

/** MB that the heap of a short run may grow by. */
const shortMb = 40;

/** Two versions are loaded while one replaces the other, each with a channel to each worker. */
const moreDescriptors = 8;

/** The p99 of the last third against that of the first: other work on the machine moves it. */
const slower = { times: 1.5, ms: 3 };
const shortSlower = { times: 5, ms: 100 };

const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const summarize = (blocks: readonly Block[]) => ({
  requests: middle(blocks.map(({ requests }) => requests)),
  // V8's young generation comes on top, now 2 MB and now 20; a leak lifts the least too.
  rssMb: Math.min(...blocks.map(({ rssMb }) => rssMb)),
  descriptors: middle(blocks.map(({ descriptors }) => descriptors)),
  p50: middle(blocks.map(({ p50 }) => p50)),
  p99: middle(blocks.map(({ p99 }) => p99)),
});

/** The first and the last third of a run after the warm-up: the least memory over the third's blocks, and medians of the rest. */
export function compareThirds(blocks: readonly Block[]) {
  const warm = blocks.slice(Math.ceil(warmShare * blocks.length));
  const length = Math.floor(warm.length / 3);
  return { first: summarize(warm.slice(0, length)), last: summarize(warm.slice(-length)) };
}

/** Says what has grown: a sentence each. */
export function findGrowth(blocks: readonly Block[]): string[] {
  if (blocks.length < fewestBlocks) return [];
  const { first, last } = compareThirds(blocks);
  const between = Math.round(last.requests - first.requests);
  const isShort = (blocks.at(-1)?.requests ?? 0) < shortRequests;
  const allowed = isShort ? shortMb : (mbPer100000 * between) / 100_000;
  const { times, ms } = isShort ? shortSlower : slower;
  const grown = last.rssMb - first.rssMb;
  const found: string[] = [];
  if (grown > allowed)
    found.push(
      `The memory grew by ${grown.toFixed(1)} MB over ${between} requests; ${allowed.toFixed(1)} are allowed.`,
    );
  if (last.descriptors > first.descriptors + moreDescriptors)
    found.push(`The open descriptors grew from ${first.descriptors} to ${last.descriptors}.`);
  if (last.p99 > times * first.p99 + ms)
    found.push(`The p99 grew from ${first.p99.toFixed(1)} to ${last.p99.toFixed(1)} ms.`);
  return found;
}

/** The thirds, a line each. */
export function describeThirds(name: string, blocks: readonly Block[]): string[] {
  if (blocks.length < fewestBlocks) return [];
  return Object.entries(compareThirds(blocks)).map(
    ([third, { rssMb, descriptors, p50, p99 }]) =>
      `${name}, ${third} third: ${rssMb.toFixed(1)} MB, ${descriptors} descriptors, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
  );
}
