import type { FirstAnswer } from '../first-answer.ts';
import { ownName, type Row } from '../results.ts';
import type { StoreRequest } from '../shaped-s3.ts';
import { compareBlocks, summarize } from '../statistics.ts';

/** One start: milliseconds and MiB. */
export interface Start {
  readonly answerMs: number;
  /** The client that only fetches the bytes, right before. */
  readonly bareMs?: number;
  readonly peakMiB: number;
  /** By the stages' names, in their order. */
  readonly stages: Readonly<Record<string, number>>;
}

/** What was started again and again. */
export interface Series {
  /** Such as `BERT-base, from S3`. */
  readonly at: string;
  readonly starts: readonly Start[];
}

/** Where the time of a start from S3 went: seen from the store, and by the function's own log. */
export function readStagesFromS3(answer: FirstAnswer, requests: readonly StoreRequest[]): Start['stages'] {
  const ranges = requests.filter(({ range }) => range !== undefined);
  const pointer = requests.find(({ key }) => key === 'current.json');
  const first = Math.min(...ranges.map(({ at }) => at));
  const last = Math.max(...ranges.map(({ lastByteAt }) => lastByteAt));
  if (!pointer || ranges.length === 0) throw new Error('The function answered without asking the store for its model.');
  return {
    'process start to pointer asked': pointer.at - answer.startedAt,
    'pointer asked to first range asked': first - pointer.at,
    'first range asked to last byte': last - first,
    'last byte to answer': answer.answeredAt - last,
    session: answer.stages.sessionMs,
    'first run': answer.stages.firstRunMs,
  };
}

/** The same from disk, by the log alone. */
export const readStagesFromDisk = ({ stages }: FirstAnswer): Start['stages'] => ({
  session: stages.sessionMs,
  'first run': stages.firstRunMs,
  'verification, from disk': stages.transferMs,
});

/** A start is a block of its own. */
const sumUp = (starts: readonly Start[], read: (start: Start) => number) =>
  summarize(starts.map((start) => [read(start)]));

/** From a process's start to its first answer, beside the bare client where there is one. */
export function toAnswerRows(series: readonly Series[]): Row[] {
  return series.flatMap(({ at, starts }) => {
    const ours = sumUp(starts, ({ answerMs }) => answerMs);
    const bare = starts.flatMap(({ bareMs }) => (bareMs === undefined ? [] : [[bareMs]]));
    if (bare.length === 0) return [{ name: ownName, at, unit: 'ms', ...ours }];
    const theirs = summarize(bare);
    return [
      { name: 'bare client: the bytes alone', at, unit: 'ms', ...theirs },
      { name: ownName, at, unit: 'ms', ...ours, ratio: compareBlocks(ours.blocks, theirs.blocks) },
    ];
  });
}

/** Every stage of every series. */
export function toStageRows(series: readonly Series[]): Row[] {
  return series.flatMap(({ at, starts }) =>
    Object.keys(starts[0]?.stages ?? {}).map((name) => ({
      name,
      at,
      unit: 'ms',
      ...sumUp(starts, ({ stages }) => stages[name] ?? Number.NaN),
    })),
  );
}

/** Peak memory of every series. */
export function toMemoryRows(series: readonly Series[]): Row[] {
  return series.map(({ at, starts }) => ({
    name: `${ownName}, ${at}`,
    unit: 'MiB',
    ...sumUp(starts, ({ peakMiB }) => peakMiB),
  }));
}
