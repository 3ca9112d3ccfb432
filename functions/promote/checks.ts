import type { Manifest } from '../../layers/model-store/index.ts';

/** What a version may lose against the one that is current. */
export interface Limits {
  /** Accuracy, as a share of 1. */
  readonly accuracyTolerance: number;
  /** Median latency, in the current one's. */
  readonly latencyRatio: number;
  /** Bytes that serving loads, in the current one's. */
  readonly sizeRatio: number;
}

/** One thing that was looked at, in words and in the numbers that decided. */
export interface Check {
  readonly name: 'files' | 'golden' | 'accuracy' | 'size' | 'latency';
  readonly passed: boolean;
  readonly detail: string;
  readonly [number: string]: unknown;
}

const digits = (value: number, places = 4) => String(Number(value.toFixed(places)));

/** Floats such as 0.9 - 0.002 must not decide. */
const slack = 1e-9;

/** Compares the accuracy that training recorded with the champion's. Undefined champion: there is nothing to lose against. */
export function checkAccuracy(candidate: Manifest, champion: Manifest | undefined, limits: Limits): Check {
  const { accuracy } = candidate.metrics;
  if (!champion) return { name: 'accuracy', passed: true, detail: 'there is no current version', candidate: accuracy };
  const least = champion.metrics.accuracy - limits.accuracyTolerance;
  const passed = accuracy >= least - slack;
  const detail = `${digits(accuracy)} against ${digits(champion.metrics.accuracy)}, at least ${digits(least)} wanted`;
  const { accuracyTolerance: tolerance } = limits;
  return { name: 'accuracy', passed, detail, candidate: accuracy, champion: champion.metrics.accuracy, tolerance };
}

/** Bytes of the files that serving loads. */
export const servedBytes = ({ files }: Manifest): number =>
  files.filter(({ role }) => role === 'model' || role === 'tokenizer').reduce((sum, { bytes }) => sum + bytes, 0);

/** Compares the size of what serving loads with the champion's. */
export function checkSize(candidate: Manifest, champion: Manifest | undefined, limits: Limits): Check {
  const bytes = servedBytes(candidate);
  if (!champion) return { name: 'size', passed: true, detail: 'there is no current version', candidate: bytes };
  return compareRatio('size', [bytes, servedBytes(champion)], { most: limits.sizeRatio, unit: 'bytes' });
}

/** Compares two medians, in milliseconds, that were measured side by side. */
export const checkLatency = (medians: readonly [number, number], { latencyRatio }: Limits): Check =>
  compareRatio('latency', medians, { most: latencyRatio, unit: 'ms' });

interface RatioLimit {
  readonly most: number;
  readonly unit: string;
}

function compareRatio(
  name: Check['name'],
  [candidate, champion]: readonly [number, number],
  { most, unit }: RatioLimit,
): Check {
  const ratio = candidate / champion;
  const detail = `${digits(candidate, 2)} ${unit} against ${digits(champion, 2)} ${unit}: ${digits(ratio, 3)} times, at most ${digits(most, 3)} wanted`;
  return { name, passed: ratio <= most + slack, detail, candidate, champion, ratio, most };
}
