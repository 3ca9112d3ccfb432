// Runs over files, seen from outside: their state, their results, and going on with one that failed.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { DescribeExecutionCommand, RedriveExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { Summary } from '../functions/bulk/join.ts';
import { outFolder, resultKeys, runIdOf, workKeys } from '../functions/bulk/layout.ts';
import type { Objects } from '../functions/bulk/objects.ts';
import { type Run, readRun } from '../functions/bulk/run.ts';
import { UsageError } from './command-line.ts';

/** A stage's bucket and Step Functions. */
export interface BulkAccess {
  readonly objects: Objects;
  readonly prefix: string;
  readonly sfn: SFNClient;
  readonly stage: string;
}

/** How a run stands. */
export interface RunState {
  readonly kind: 'waiting' | 'running' | 'done' | 'refused' | 'failed';
  readonly sentence: string;
}

/** Names of all runs. */
export async function listRuns({ objects, prefix }: BulkAccess): Promise<string[]> {
  const names: string[] = [];
  const folder = outFolder(prefix);
  for await (const key of objects.list(folder))
    if (key.endsWith('.run.json')) names.push(key.slice(folder.length, -'.run.json'.length));
  return names;
}

/** Reads how the run of a name stands. */
export async function readState(access: BulkAccess, name: string): Promise<RunState> {
  const { objects, prefix, sfn, stage } = access;
  const keys = resultKeys(prefix, name);
  const run = await readRun(objects, keys.run);
  if (!run) return { kind: 'waiting', sentence: `${name}: no run has begun.` };
  if (run.refused !== undefined) return { kind: 'refused', sentence: `${name}: refused. ${run.refused}` };
  const summary = await objects.get(keys.summary);
  if (summary) return { kind: 'done', sentence: describeSummary(JSON.parse(String(summary.content))) };
  const {
    status,
    error = '',
    cause = '',
  } = await sfn.send(new DescribeExecutionCommand({ executionArn: run.execution }));
  const progress = await describeProgress(access, run);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE')
    return { kind: 'running', sentence: `${name}: ${progress}.` };
  const reason = [error, readCause(cause)].filter((part) => part !== '').join(': ') || 'it says no reason';
  const next = `npm run bulk -- redrive ${name} --stage ${stage}`;
  return { kind: 'failed', sentence: `${name}: ${status} after ${progress} (${reason}). To go on: ${next}` };
}

/** Lambda's causes are JSON. */
function readCause(cause: string): string {
  try {
    return String(JSON.parse(cause).errorMessage ?? cause);
  } catch {
    return cause;
  }
}

async function describeProgress({ objects, prefix }: BulkAccess, { execution, model }: Run): Promise<string> {
  const work = workKeys(prefix, runIdOf(execution));
  const plan = await objects.get(work.plan);
  if (!plan) return 'reading the file';
  const { batches, rows } = JSON.parse(String(plan.content));
  let done = 0;
  for await (const _ of objects.list(work.allScores)) done += 1;
  return `${done} of ${batches} batches scored (${rows} rows, model ${model})`;
}

const describeSummary = ({ name, rows, failed, labels, seconds, cost, model, output }: Summary): string => {
  const counts = Object.entries(labels).map(([label, count]) => `${count} ${label}`);
  return `${name}: done. ${rows} rows, ${counts.join(', ')}, ${failed} without a score; ${seconds} s, ${cost.toFixed(4)} USD, model ${model}. ${output}`;
};

interface Following {
  readonly signal: AbortSignal;
  readonly say: (sentence: string) => void;
  /** A run of this execution is the one before: wait for another. */
  readonly formerly?: string | undefined;
  readonly pauseMs?: number;
}

/**
 * Says each change of a run until its end, and returns the last sentence.
 *
 * @throws Error with the reason if the run is refused or fails, or if nobody waits any longer.
 */
export async function followRun(access: BulkAccess, name: string, following: Following): Promise<string> {
  const { signal, say, formerly, pauseMs = 3000 } = following;
  let last = '';
  for (;;) {
    const isFormer = formerly !== undefined && (await readExecution(access, name)) === formerly;
    const { kind, sentence } = isFormer ? { kind: 'waiting', sentence: '' } : await readState(access, name);
    if (kind === 'done') return sentence;
    if (kind === 'refused' || kind === 'failed') throw new Error(sentence);
    if (kind === 'running' && sentence !== last) say(sentence);
    last = sentence;
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw new Error(`The run goes on. To see how: npm run bulk -- status ${name} --stage ${access.stage}`);
    });
  }
}

const readExecution = async ({ objects, prefix }: BulkAccess, name: string) =>
  (await readRun(objects, resultKeys(prefix, name).run))?.execution;

/**
 * Goes on with a run where it stopped.
 *
 * @throws UsageError if there is no such run, or none that stopped.
 */
export async function redriveRun(access: BulkAccess, name: string): Promise<void> {
  const { kind, sentence } = await readState(access, name);
  if (kind !== 'failed') throw new UsageError(`Only a run that failed can go on. ${sentence}`);
  await access.sfn.send(new RedriveExecutionCommand({ executionArn: (await readExecution(access, name)) ?? '' }));
}

/**
 * Downloads a result, unpacked unless the file's name ends in `.gz`. The file appears whole or not at all.
 *
 * @throws UsageError if there is no result, or if the file cannot be written.
 */
export async function saveResult(access: BulkAccess, name: string, out: string): Promise<void> {
  const { objects, prefix } = access;
  const key = resultKeys(prefix, name).output;
  const head = await objects.head(key);
  if (!head) throw new UsageError(`There is no result yet. ${(await readState(access, name)).sentence}`);
  const part = `${out}.part`;
  try {
    const bytes = objects.read(key, head.etag);
    await (out.endsWith('.gz')
      ? pipeline(bytes, createWriteStream(part))
      : pipeline(bytes, createGunzip(), createWriteStream(part)));
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    const { syscall, message } = error as NodeJS.ErrnoException;
    throw syscall ? new UsageError(`--out ${out} cannot be written (${message}).`) : error;
  }
}
