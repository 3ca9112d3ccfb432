// The command line of all campaigns: which parts run, how often, and what is printed and recorded.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createCommand, createStopSignal, explainError, UsageError, wholeNumber } from '../../local/command-line.ts';
import type { Campaign, Outcome, Part } from './campaign.ts';
import { runPart } from './processes.ts';
import { createCaseProgress } from './progress.ts';
import { formatCount, formatOutcomes, formatTime, resultsFolder, writeReport } from './report.ts';
import { describeResult, recordResult } from './results.ts';

/** A campaign and the address of its built module. */
export interface BuiltCampaign {
  readonly campaign: Campaign;
  readonly module: string;
  /** What a person types for it, such as `npm run fuzz --`. */
  readonly call: string;
}

/** Where things are. */
export interface Places {
  readonly root: string;
  readonly dist: string;
  /** Path of child.mjs. */
  readonly child: string;
}

interface Options {
  readonly count?: number;
  readonly seed: number;
  readonly processes: number;
  readonly record: boolean;
}

const most = 1_000_000_000;

function createCampaignCommand(call: string, campaigns: readonly BuiltCampaign[]) {
  const summaries = campaigns.map(({ campaign }) => campaign.summary).join(' ');
  return createCommand(call, summaries)
    .option(
      '--count <number>',
      'cases of each part; by default those of the short form',
      wholeNumber('count', [1, most]),
    )
    .option('--seed <number>', 'equal seeds try equal cases', wholeNumber('seed', [0, most]), 1)
    .option(
      '--processes <number>',
      'processes that share the cases of a part, each with the next seed',
      wholeNumber('processes', [1, 256]),
      availableParallelism(),
    )
    .option('--record', 'appends what came of it to test/campaigns/results/ and docs/reliability.md', false);
}

/** Reads the parts that were named; none means all. */
function chooseParts({ name, parts }: Campaign, names: readonly string[]): readonly Part[] {
  const unknown = names.filter((one) => !parts.some((part) => part.name === one));
  const known = parts.map((part) => JSON.stringify(part.name)).join(', ');
  if (unknown.length > 0)
    throw new UsageError(`The campaign ${name} has no part ${unknown.join(', ')}: it has ${known}.`);
  return names.length === 0 ? parts : parts.filter((part) => names.includes(part.name));
}

const quote = (word: string) => (/\s/.test(word) ? `'${word}'` : word);

/** The command that repeats a run of one part. */
function formatCommand(call: string, part: Part, { seed, processes }: Options, count: number): string {
  const share = part.parallel && processes > 1 ? ` --processes ${processes}` : '';
  return `${call} ${quote(part.name)} --count ${count} --seed ${seed}${share}`;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

function printOutcome({ name, unit }: Part, { count, outcomes, findings, lines = [] }: Outcome, seconds: number): void {
  for (const line of lines) say(line);
  const found = findings.length === 0 ? 'nothing found' : `${findings.length} found`;
  say(`${name}: ${formatCount(count)} ${unit} in ${formatTime(seconds)}, ${found}. ${formatOutcomes(outcomes)}`);
  for (const finding of findings) say(`  ${finding}`);
}

/** Runs one part, prints and records what came of it. Returns whether it passed. */
async function tryPart(
  { campaign, module, call }: BuiltCampaign,
  part: Part,
  options: Options,
  { root, dist, child, signal }: Places & { readonly signal: AbortSignal },
): Promise<boolean> {
  const { count = part.short, seed, processes, record } = options;
  const progress = createCaseProgress({ ...part, count });
  const started = performance.now();
  const { advance } = progress;
  const outcome = await runPart(part, { module, child, count, seed, processes, dist, signal, advance });
  progress.stop();
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  printOutcome(part, outcome, seconds);
  const command = formatCommand(call, part, options, count);
  if (outcome.findings.length > 0) say(`  Again: ${command}`);
  const run = { campaign: campaign.name, part: part.name, unit: part.unit, command, seed, seconds };
  if (record && outcome.count > 0) recordResult(join(root, resultsFolder), describeResult(root, run, outcome));
  return outcome.findings.length === 0;
}

/**
 * Runs campaigns, the parts one after the other.
 *
 * @param call - what a person types, such as `npm run fuzz --`.
 * @param args - the words behind it: parts and options.
 * @returns the exit status: 0, 1 if a part found something, 2 for words that it does not take, 130 if it was stopped.
 */
export async function runCampaigns(
  call: string,
  campaigns: readonly BuiltCampaign[],
  args: readonly string[],
  places: Places,
): Promise<number> {
  try {
    const command = createCampaignCommand(call, campaigns);
    if (campaigns.length === 1) command.argument('[part...]', 'parts to run; all of them by default');
    command.allowExcessArguments(false).parse(args, { from: 'user' });
    return await tryAll(campaigns, command.args, command.opts<Options>(), places);
  } catch (error) {
    return explainError(error);
  }
}

async function tryAll(
  campaigns: readonly BuiltCampaign[],
  names: readonly string[],
  options: Options,
  places: Places,
): Promise<number> {
  const signal = createStopSignal();
  let [passed, failed] = [0, 0];
  for (const built of campaigns)
    for (const part of chooseParts(built.campaign, names)) {
      if (signal.aborted) break;
      if (await tryPart(built, part, options, { ...places, signal })) passed += 1;
      else failed += 1;
    }
  if (options.record) writeReport(places.root);
  say(`${passed} passed, ${failed} failed`);
  if (signal.aborted) return 130;
  return failed === 0 ? 0 : 1;
}
