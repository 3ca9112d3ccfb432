// `npm run cost`: what a deployment costs a month, from measured times and the price file.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createCommand, runCommand, UsageError, wholeNumber } from './command-line.ts';
import { type Charges, estimateMonth, type Usage } from './cost-estimate.ts';
import { formatRows } from './model-report.ts';
import { type Prices, readPrices } from './prices.ts';
import { createTextTime, listMeasuredMemory, type MeasuredTable } from './text-time.ts';

/** The options of `npm run cost`. */
export interface CostOptions {
  readonly stage: string;
  readonly requestsPerDay: number;
  readonly streamRows: number;
  readonly bulkRows: number;
  readonly trainings: number;
  readonly trainingHours: number;
  readonly tokens: number;
  /** undefined: the stage's. */
  readonly memory?: number;
  readonly prices: string;
}

const notes = `
Memory, processor and provisioned concurrency are those of the stage in infra/parameters.yml. docs/cost.md explains each amount.
Another region: copy infra/prices.json, change its prices and give its name to --prices.
`;

const most = 1e9;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readCostOptions(args: readonly string[]): CostOptions {
  return createCommand('npm run cost --', 'Dollars a month of a deployment, by service, without free tiers.')
    .option('--stage <name>', 'the stage', 'dev')
    .option('--requests-per-day <number>', 'texts a day over HTTP', wholeNumber('requests-per-day', [0, most]), 10_000)
    .option('--stream-rows <number>', 'rows a day through the queue', wholeNumber('stream-rows', [0, most]), 0)
    .option('--bulk-rows <number>', 'rows a day in files', wholeNumber('bulk-rows', [0, most]), 0)
    .option('--trainings <number>', 'training runs a month', wholeNumber('trainings', [0, 1000]), 0)
    .option('--training-hours <number>', 'hours of a training run', wholeNumber('training-hours', [1, 100]), 1)
    .option('--tokens <number>', 'tokens of a text', wholeNumber('tokens', [2, 512]), 128)
    .option('--memory <MB>', "memory of a function (default: the stage's)", wholeNumber('memory', [512, 10_240]))
    .option('--prices <file>', 'the price file', 'infra/prices.json')
    .addHelpText('after', notes)
    .allowExcessArguments(false)
    .parse(args, { from: 'user' })
    .opts<CostOptions>();
}

type StageParameters = Readonly<Record<string, string | number>>;

/** The defaults of a stage. Throws UsageError if there is no such stage. */
function readStage(stage: string): StageParameters {
  const { default: shared, ...stages } = parse(readFileSync('infra/parameters.yml', 'utf8')) as Record<
    string,
    StageParameters
  >;
  const own = Object.hasOwn(stages, stage) ? stages[stage] : undefined;
  if (own) return { ...shared, ...own };
  throw new UsageError(`infra/parameters.yml has no stage ${stage}; it has ${Object.keys(stages).join(' and ')}.`);
}

const readTable = (name: string) => JSON.parse(readFileSync(`bench/results/${name}.json`, 'utf8')) as MeasuredTable;

/** A month's charges, and the measured time that they are computed from. */
export interface Estimate {
  readonly charges: Charges;
  readonly usage: Usage;
  readonly prices: Prices;
  /** What was measured, for the reader of the figures. */
  readonly measured: string;
}

/**
 * Estimates a month. Reads the price file, the stage's parameters and the measured tables, from the project's folder.
 *
 * @throws UsageError for a stage, a price file or a memory setting that there is no figure for.
 */
export function estimateCost(options: CostOptions): Estimate {
  const prices = readPrices(options.prices);
  const stage = readStage(options.stage);
  const table = readTable('memory');
  const memoryMb = options.memory ?? Number(stage.memory);
  const sizes = listMeasuredMemory(table);
  const [lowest = 0, highest = 0] = [sizes[0], sizes.at(-1)];
  if (memoryMb < lowest || memoryMb > highest)
    throw new UsageError(
      `Times were measured with ${lowest} to ${highest} MB, not with ${memoryMb}: choose --memory among these.`,
    );
  const textMs = createTextTime(table, readTable('one-thread'))(options.tokens, memoryMb);
  const usage: Usage = {
    ...options,
    memoryMb,
    textMs,
    architecture: stage.architecture === 'arm64' ? 'arm64' : 'x86_64',
    provisioned: Number(stage.provisionedConcurrency) || 0,
    parts: Object.keys(stage).filter((name) => stage[name] !== 'off'),
  };
  const measured =
    `A text of ${options.tokens} tokens takes ${textMs.toFixed(0)} ms with ${memoryMb} MB: BERT-base, measured on ` +
    `${table.machine.processor} (x86_64), ${table.date.slice(0, 10)}.`;
  return { charges: estimateMonth(prices, usage), usage, prices, measured };
}

/** The text that the command prints. */
export function formatEstimate({ charges, prices, measured }: Estimate): string {
  const total = Object.values(charges).reduce((sum, dollars) => sum + dollars, 0);
  const rows = [...Object.entries(charges), ['together', total] as const];
  const width = Math.max(...rows.map(([, dollars]) => dollars.toFixed(2).length));
  return [
    `Dollars a month in ${prices.region}, list prices of ${prices.asOf} without free tiers:\n`,
    formatRows(rows.map(([service, dollars]) => [service, dollars.toFixed(2).padStart(width)])),
    `${measured} Not in it: cold starts and outgoing traffic.`,
    '',
  ].join('\n');
}

await runCommand(import.meta.url, async (args) => {
  process.stdout.write(formatEstimate(estimateCost(readCostOptions(args))));
  return 0;
});
