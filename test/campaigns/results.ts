// Recorded runs of campaigns: test/campaigns/results/NAME.json has one entry for each run of a part.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { Outcome } from './campaign.ts';

/** One run of one part. */
export interface Result {
  readonly campaign: string;
  readonly part: string;
  readonly unit: string;
  /** Day, as 2026-11-28. */
  readonly date: string;
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly command: string;
  readonly seed: number;
  readonly count: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

/** What the frame knows of a run. */
export type Run = Pick<Result, 'campaign' | 'part' | 'unit' | 'command' | 'seed' | 'seconds'>;

/** Describes a run of today on this machine. */
export function describeResult(root: string, run: Run, { count, outcomes, findings }: Outcome): Result {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
  };
  return { ...run, date: new Date().toISOString().slice(0, 10), commit, ...machine, count, outcomes, findings };
}

/** Appends a run to the file of its campaign. */
export function recordResult(folder: string, result: Result): void {
  const path = join(folder, `${result.campaign}.json`);
  mkdirSync(dirname(path), { recursive: true });
  const results: readonly Result[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
  writeFileSync(path, `${JSON.stringify([...results, result], undefined, 2)}\n`);
}

/** Reads all recorded runs, in the order of the files' names. */
export function readResults(folder: string): readonly Result[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return names.sort().flatMap((name): Result[] => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}
