// How long a text takes on Lambda, by its tokens and the memory setting, from the tables that the benchmark measured.

/** What is read of a table in bench/results. */
export interface MeasuredTable {
  readonly date: string;
  readonly machine: { readonly processor: string };
  readonly rows: readonly { readonly name: string; readonly at?: string; readonly p50: number }[];
}

/** Milliseconds of a text with so many tokens, between the measured ones by straight lines. */
export type TextTime = (tokens: number, memoryMb: number) => number;

type Point = readonly [x: number, y: number];

/** The value at x on the lines through the points, which are in the order of x. Outside, the outermost lines go on. */
function interpolate(points: readonly Point[], x: number): number {
  const next = points.findIndex(([right]) => right >= x);
  const end = next < 0 ? points.length - 1 : Math.max(1, next);
  const [x0, y0] = points[end - 1] ?? [0, 0];
  const [x1, y1] = points[end] ?? [1, 0];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}

/** The measured answers of BERT-base, in the order of MB and then of tokens. */
function readAnswers({ rows }: MeasuredTable) {
  const answers = rows.flatMap(({ name, at = '', p50 }) => {
    const tokens = /^BERT-base, (\d+) tokens$/.exec(name)?.[1];
    return tokens === undefined ? [] : [{ memoryMb: Number.parseInt(at, 10), tokens: Number(tokens), ms: p50 }];
  });
  return answers.toSorted((a, b) => a.memoryMb - b.memoryMb || a.tokens - b.tokens);
}

/** The memory settings that were measured, in MB, the smallest first. */
export const listMeasuredMemory = (memory: MeasuredTable): readonly number[] => [
  ...new Set(readAnswers(memory).map(({ memoryMb }) => memoryMb)),
];

/** The points (tokens, ms) of BERT-base with one thread, which reach the longest text. */
const readLengths = ({ rows }: MeasuredTable): readonly Point[] =>
  rows
    .flatMap(({ name, at = '', p50 }) => {
      const tokens = /^(\d+) tokens$/.exec(at)?.[1];
      return name === 'this project' && tokens !== undefined ? [[Number(tokens), p50] as const] : [];
    })
    .toSorted(([a], [b]) => a - b);

/**
 * Creates the function. Texts longer than those of the memory table grow as they do in the table of lengths.
 *
 * @param memory - bench/results/memory.json.
 * @param lengths - bench/results/one-thread.json.
 */
export function createTextTime(memory: MeasuredTable, lengths: MeasuredTable): TextTime {
  const curve = readLengths(lengths);
  const [longest = 0] = curve.at(-1) ?? [];
  const settings = listMeasuredMemory(memory).map((memoryMb) => {
    const answers = readAnswers(memory).filter((answer) => answer.memoryMb === memoryMb);
    const points = answers.map(({ tokens, ms }): Point => [tokens, ms]);
    const [tokens, ms] = points.at(-1) ?? [1, 0];
    const grown = (ms * interpolate(curve, longest)) / interpolate(curve, tokens);
    return { memoryMb, points: [...points, [longest, grown] as const] };
  });
  return (tokens, memoryMb) => {
    const times = settings.map(({ memoryMb: mb, points }): Point => [mb, interpolate(points, tokens)]);
    return interpolate(times, memoryMb);
  };
}
