// Versions that somebody wrote to do harm, with the right hashes: each is judged in a process of its own, whose memory is
// watched from outside. It must be refused, or the process must end, before it has grown by 256 MB.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDigest, type Manifest } from '../../../layers/model-store/index.ts';
import { describeFile } from '../../functions/predict/tiny-store.ts';
import type { Context, Outcome } from '../campaign.ts';
import { maliciousModels } from './malicious-models.ts';
import { maliciousPointers, maliciousTokenizers } from './malicious-texts.ts';
import { createSampleStore, current } from './sample-store.ts';
import { openFolder } from './stores.ts';

/** Bytes that the process may grow by. */
const mostGrowth = 256e6;

/** Milliseconds that a judgement may take. */
const longestMs = 60_000;

interface Case {
  readonly name: string;
  /** The file that a refusal names. A tokenizer that can be read may turn out not to fit the model or the golden texts. */
  readonly file: RegExp;
  /** What the process does: see child.ts. */
  readonly task: 'judge' | 'serve';
  /** Objects that replace those of the sample store. */
  readonly change: (objects: Map<string, Buffer>) => void;
}

const keyOf = (path: string) => `versions/${current}/${path}`;

/** Replaces a file of the current version, with a manifest that describes it rightly. */
const replaceFile = (role: 'model' | 'tokenizer', path: string, content: Buffer) => (objects: Map<string, Buffer>) => {
  const manifest: Manifest = JSON.parse(String(objects.get(keyOf('manifest.json'))));
  const entry = describeFile(role, path, content, manifest.partBytes);
  const files = manifest.files.map((file) => (file.role === role ? entry : file));
  objects.set(keyOf(path), content);
  objects.set(keyOf('manifest.json'), Buffer.from(JSON.stringify(addDigest({ ...manifest, files }))));
};

const list = (files: Readonly<Record<string, Buffer>>, rest: (content: Buffer) => Omit<Case, 'name'>): Case[] =>
  Object.entries(files).map(([name, content]) => ({ name, ...rest(content) }));

/** All cases. */
export const maliciousCases: readonly Case[] = [
  ...list(maliciousModels, (content) => ({
    file: /model\.onnx/,
    task: 'judge',
    change: replaceFile('model', 'model.onnx', content),
  })),
  ...list(maliciousTokenizers, (content) => ({
    file: /tokenizer\.json|model\.onnx|golden texts/,
    task: 'judge',
    change: replaceFile('tokenizer', 'tokenizer.json', content),
  })),
  ...list(maliciousPointers, (content) => ({
    file: /current\.json/,
    task: 'serve',
    change: (objects) => void objects.set('current.json', content),
  })),
];

/** What came of one case: `refused` by an error, or `ended` by the guard. */
interface Judged {
  readonly outcome: 'refused' | 'ended' | 'broken';
  readonly said: string;
  readonly growth: number;
}

/** Runs `count` cases one after the other. `program` is the path of the built child.ts. */
export async function runMalicious(context: Context, program: string): Promise<Outcome> {
  const outcomes = { refused: 0, ended: 0, broken: 0 };
  const findings: string[] = [];
  let [count, largest] = [0, 0];
  for (; count < context.count && !context.signal.aborted; count++) {
    // Processes that share the cases have seeds one after the other, and begin where the one before ends.
    const each = maliciousCases[(context.seed * context.count + count) % maliciousCases.length] as Case;
    const judged = await tryCase(each, join(context.folder, String(count)), program);
    largest = Math.max(largest, judged.growth);
    const fault = findFault(each, judged);
    outcomes[fault ? 'broken' : judged.outcome] += 1;
    if (fault) findings.push(`${each.name}: ${fault}`);
    context.advance(1);
  }
  return {
    count,
    outcomes,
    findings,
    lines: [`malicious: no process grew by more than ${Math.round(largest / 1e6)} MB`],
  };
}

export function findFault({ file }: Case, { outcome, said, growth }: Judged): string | undefined {
  if (outcome === 'broken') return said.slice(0, 400);
  if (!file.test(said)) return `the refusal does not name ${file.source}: ${said.slice(0, 400)}`;
  return growth > mostGrowth
    ? `the process grew by ${Math.round(growth / 1e6)} MB (${outcome}: ${said.slice(0, 200)})`
    : undefined;
}

/** Runs one case in a process. */
export async function tryCase({ task, change }: Case, folder: string, program: string): Promise<Judged> {
  const objects = new Map(await createSampleStore());
  change(objects);
  await mkdir(folder);
  const { put } = openFolder(folder);
  for (const [key, bytes] of objects) await put(key, bytes);
  const child = spawn(process.execPath, [program, task, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const [printed, complained, growth] = await Promise.all([text(child.stdout), text(child.stderr), watchGrowth(child)]);
  await closed;
  clearTimeout(timer);
  const said = (printed + complained).trim();
  if (child.signalCode === 'SIGKILL' && complained.includes('The process ends'))
    return { outcome: 'ended', said, growth };
  if (child.exitCode === 0 && printed.includes('refused ')) return { outcome: 'refused', said, growth };
  return { outcome: 'broken', said: `${child.signalCode ?? `status ${child.exitCode}`}: ${said}`, growth };
}

/** Follows the memory of a process until it ends: the most bytes above what it had when ONNX Runtime was loaded. */
async function watchGrowth(child: ChildProcess): Promise<number> {
  let [first, most] = [Number.NaN, 0];
  child.stdout?.once('data', () => {
    first = readMemory(child, 'VmRSS');
  });
  while (child.exitCode === null && child.signalCode === null) {
    most = Math.max(most, readMemory(child, 'VmHWM'));
    await sleep(2);
  }
  return most - first;
}

/** Bytes of a field of /proc/PID/status; 0 if the process has ended. */
function readMemory({ pid }: ChildProcess, field: string): number {
  try {
    const [, kilobytes] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
