import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads the measured latency of the sample model by tokens: "Latency of the sample model, 2 threads" in bench/README.md. It
 * tells the time of runs also while other work slows this machine.
 *
 * @returns milliseconds of a run over so many tokens, between the measured lengths by a straight line.
 */
export function readLatencies(root: string): (tokens: number) => number {
  const text = readFileSync(join(root, 'bench', 'results', 'sample.json'), 'utf8');
  const { rows }: { rows: { name: string; at: string; p50: number }[] } = JSON.parse(text);
  const points = rows.flatMap(({ name, at, p50: ms }) => {
    const tokens = Number(/^(\d+) tokens$/.exec(at)?.[1]);
    return name === 'this project' && tokens > 0 ? [{ tokens, ms }] : [];
  });
  return (given) => {
    const tokens = Math.max(given, points[0]?.tokens ?? 0);
    const next = Math.max(
      1,
      points.findIndex((point) => point.tokens >= tokens),
    );
    const [low, high] = [points[next - 1], points[next]];
    if (!low || !high) throw new RangeError('bench/results/sample.json has too few latencies.');
    return low.ms + ((tokens - low.tokens) / (high.tokens - low.tokens)) * (high.ms - low.ms);
  };
}
