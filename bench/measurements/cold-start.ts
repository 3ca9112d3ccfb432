import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { type FirstAnswer, runBareClient, runFirstAnswer } from '../function.ts';
import { createRow, ownName, type Row } from '../results.ts';
import { listStores, takeTurns } from '../runner.ts';
import { type StoreRequest, startShapedS3 } from '../shaped-s3.ts';
import { compareBlocks } from '../statistics.ts';
import { createText } from '../texts.ts';

const network = { bytesPerMs: 100_000, firstByteMs: 30 };
/** As many as the store's reader opens. */
const connections = 8;
const [memoryMb, tokens] = [1769, 25];

/** One start: milliseconds and MiB. `bareMs` is of the client that only fetches the bytes, right before. */
export interface Start {
  readonly answerMs: number;
  readonly bareMs?: number;
  readonly peakMiB: number;
  /** By the stages' names, in their order. */
  readonly stages: Readonly<Record<string, number>>;
}

/** Repeated starts of one kind, such as `BERT-base, from S3`. */
export interface Starts {
  readonly at: string;
  readonly starts: readonly Start[];
}

/** The stages of a start from S3, as the store saw them, and by the function's log. */
export function readStagesFromS3(answer: FirstAnswer, requests: readonly StoreRequest[]): Start['stages'] {
  const ranges = requests.filter(({ range }) => range !== undefined);
  const pointer = requests.find(({ key }) => key === 'current.json');
  if (!pointer || ranges.length === 0) throw new Error('The function answered without asking the store for its model.');
  const first = Math.min(...ranges.map(({ at }) => at));
  const last = Math.max(...ranges.map(({ lastByteAt }) => lastByteAt));
  return {
    'process start to pointer asked': pointer.at - answer.startedAt,
    'pointer asked to first range asked': first - pointer.at,
    'first range asked to last byte': last - first,
    'last byte to answer': answer.answeredAt - last,
    session: answer.stages.sessionMs,
    'first run': answer.stages.firstRunMs,
  };
}

/** A start is a block of its own. */
function createStartRow(
  name: string,
  unit: string,
  { at, starts }: Starts,
  read: (start: Start) => number | undefined,
) {
  const blocks = starts.map((start) => [read(start) ?? Number.NaN]);
  return createRow(name, unit, blocks, at);
}

/** From a process's start to its first answer, beside the bare client where there is one. */
export function createAnswerRows(all: readonly Starts[]): Row[] {
  return all.flatMap((one) => {
    const ours = createStartRow(ownName, 'ms', one, ({ answerMs }) => answerMs);
    if (one.starts[0]?.bareMs === undefined) return [ours];
    const bare = createStartRow('bare client: the bytes alone', 'ms', one, ({ bareMs }) => bareMs);
    return [bare, { ...ours, ratio: compareBlocks(ours.blocks, bare.blocks) }];
  });
}

export const createStageRows = (all: readonly Starts[]): Row[] =>
  all.flatMap((one) => {
    const names = Object.keys(one.starts[0]?.stages ?? {});
    return names.map((name) => createStartRow(name, 'ms', one, ({ stages }) => stages[name]));
  });

export const createMemoryRows = (all: readonly Starts[]): Row[] =>
  all.map((one) => ({
    ...createStartRow(`${ownName}, ${one.at}`, 'MiB', one, ({ peakMiB }) => peakMiB),
    at: undefined,
  }));

/**
 * The ways to start one model: from S3, from disk as the next start of a service does, which verified the files before, and from disk
 * with every byte hashed.
 */
async function openModel({ paths: { root, bundle }, words }: Bench, model: string, store: string) {
  const s3 = await startShapedS3(root, store, network);
  const setting = { root, bundle, memoryMb, text: createText(words, tokens, 0) };
  const describe = ({ startedAt, answeredAt, peakMiB }: FirstAnswer) => ({ answerMs: answeredAt - startedAt, peakMiB });
  const startFromS3 = async (): Promise<Start> => {
    const bareMs = await runBareClient(root, s3.endpoint, connections);
    await s3.takeRequests();
    const answer = await runFirstAnswer({ ...setting, uri: 's3://bucket', env: { AWS_ENDPOINT_URL: s3.endpoint } });
    return { ...describe(answer), bareMs, stages: readStagesFromS3(answer, await s3.takeRequests()) };
  };
  const cache = mkdtempSync(join(tmpdir(), 'verification-'));
  const startFromDisk = async (VERIFICATION_CACHE: string): Promise<Start> => {
    const answer = await runFirstAnswer({ ...setting, uri: `file:${store}`, env: { VERIFICATION_CACHE } });
    const { sessionMs, firstRunMs, transferMs } = answer.stages;
    const stages = { session: sessionMs, 'first run': firstRunMs, 'verification, from disk': transferMs };
    return { ...describe(answer), stages };
  };
  const name = model.replace(' model', '');
  const ways = [
    { at: `${name}, from S3`, start: startFromS3, starts: [] as Start[] },
    { at: `${name}, from disk`, start: () => startFromDisk(cache), starts: [] as Start[] },
    { at: `${name}, from disk, hashed`, start: () => startFromDisk('off'), starts: [] as Start[] },
  ];
  const stop = async () => {
    await s3.stop();
    rmSync(cache, { recursive: true });
  };
  return { ways, stop };
}

/** From a process's start to its first answer, from S3 and from disk, beside a client that only fetches the same bytes. */
export async function measureColdStart(bench: Bench): Promise<void> {
  const { quick, blocks } = bench.options;
  const models = await Promise.all(listStores(bench).map(({ model, store }) => openModel(bench, model, store)));
  const all = models.flatMap(({ ways }) => ways);
  try {
    // The first round brings the files into memory, and their verification into the cache.
    await takeTurns('Cold start', 1 + (quick ? blocks : 3 * blocks), all, async ({ start, starts }, round) => {
      const measured = await start();
      if (round > 0) starts.push(measured);
    });
  } finally {
    await Promise.all(models.map(({ stop }) => stop()));
  }
  const { bytesPerMs, firstByteMs } = network;
  const values = { memoryMb, tokens, firstByteMs, megabytesPerSecond: bytesPerMs / 1000 };
  bench.save('cold-start', createAnswerRows(all), values);
  bench.save('cold-start-stages', createStageRows(all), values);
  bench.save('cold-start-memory', createMemoryRows(all), values);
}
