// Requests one after the other by several clients, and what the process that answers them takes meanwhile.
import { readdirSync, readFileSync } from 'node:fs';
import type { Context, Outcome } from '../campaign.ts';
import { type Block, blockCount, describeThirds, findGrowth } from './steadiness.ts';

/** One request. Returns the class of its answer. Throws an error that says what was wrong. */
export type Ask = (number: number) => Promise<string>;

/** Who asks what of which process. */
export interface Load {
  readonly name: string;
  readonly clients: number;
  /** The process whose memory and descriptors are watched. */
  readonly pid: number;
  readonly ask: Ask;
}

/** Findings that are kept. The others are counted. */
const mostFindings = 20;

/** Looks at memory and descriptors in each block. */
const looks = 8;

function readRssMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Collects the blocks of a run. Its memory does not depend on the number of requests. */
function createBlocks(count: number, pid: number) {
  const size = Math.max(looks, Math.floor(count / blockCount));
  const times = new Float64Array(size);
  const blocks: Block[] = [];
  let [filled, requests, rssMb, descriptors] = [0, 0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const close = () => {
    const sorted = times.slice().sort();
    const at = (share: number) => sorted[Math.floor(share * (size - 1))] ?? Number.NaN;
    blocks.push({ requests, rssMb, descriptors, p50: at(0.5), p99: at(0.99) });
    [filled, rssMb, descriptors] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  };
  const look = () => {
    rssMb = Math.min(rssMb, readRssMb(pid));
    descriptors = Math.min(descriptors, readdirSync(`/proc/${pid}/fd`).length);
  };
  return {
    blocks,
    add: (milliseconds: number) => {
      times[filled] = milliseconds;
      filled += 1;
      requests += 1;
      if (filled % Math.floor(size / looks) === 0) look();
      if (filled === size) close();
    },
  };
}

/** Sends the requests of a part and judges them. */
export async function sendAll(load: Load, { count, signal, advance }: Context): Promise<Outcome> {
  const { name, clients, pid, ask } = load;
  const { blocks, add } = createBlocks(count, pid);
  const outcomes: Record<string, number> = {};
  const findings: string[] = [];
  let [sent, answered] = [0, 0];
  const sendOne = async () => {
    const number = sent;
    sent += 1;
    const started = performance.now();
    const kind = await ask(number).catch((error: Error) => {
      if (findings.length < mostFindings) findings.push(`Request ${number}: ${error.message}`);
      return 'wrong';
    });
    add(performance.now() - started);
    outcomes[kind] = (outcomes[kind] ?? 0) + 1;
    answered += 1;
    advance(1);
  };
  const sendInTurn = async () => {
    while (sent < count && !signal.aborted) await sendOne();
  };
  await Promise.all(Array.from({ length: clients }, sendInTurn));
  const lines = describeThirds(name, blocks);
  return { count: answered, outcomes, findings: [...findings, ...findGrowth(blocks)], lines };
}
