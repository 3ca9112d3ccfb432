import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createCommand, UsageError, wholeNumber } from '../local/command-line.ts';

/** The parts of a run, in their order. */
export const parts = [
  ...([
    'latency',
    'sample',
    'cold-start',
    'load',
    'workers',
    'score',
    'overload',
    'overhead',
    'memory',
    'size',
    'cost',
  ] as const),
];
export type Part = (typeof parts)[number];

/** A quick run leaves them out: they take minutes. */
const slow: readonly Part[] = ['score', 'overload', 'memory', 'cost'];

/** Networks that bench/peers/peer_models.py can make. */
const shapes = ['base', 'small', 'tiny'] as const;

const notes = `
A full run of the shape base writes bench/results, bench/charts and the tables in bench/README.md; every other one .cache/bench/quick.
npm run bench -- compare BEFORE AFTER compares the results of two runs.
The part memory limits processor time, which takes Linux and root (sudo): it is left out otherwise.
`;

function readChoice<T extends string>(flag: string, choices: readonly T[], text: string): T {
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new UsageError(`--${flag}: ${text} is none of ${choices.join(', ')}.`);
  return choice;
}

function readParts(text: string): Part[] {
  const chosen = text.split(',').map((name) => readChoice('only', parts, name));
  return parts.filter((part) => chosen.includes(part));
}

interface Options {
  readonly quick?: true;
  readonly only?: readonly Part[];
  readonly blocks?: number;
  readonly threads: number;
  readonly shape: (typeof shapes)[number];
  readonly before?: string;
  readonly out?: string;
}

/** Reads the command line. Throws UsageError for unknown flags and values. */
export function readBenchOptions(args: readonly string[]) {
  const description = 'Measures this project beside what one would use instead, by turns, on this machine.';
  const quickHelp =
    'fewer lengths, fewer and shorter blocks, no slow parts and contenders: three minutes instead of forty';
  const shapeHelp = 'the network: base is BERT-base; small and tiny try the benchmark itself';
  const threadsHelp = "threads of each contender's run; by default 2, or the processors if there are fewer";
  const threads = Math.min(2, availableParallelism());
  const { quick = false, ...options } = createCommand('npm run bench --', description)
    .option('--quick', quickHelp)
    .option('--only <parts>', `some of: ${parts.join(', ')}; separated by commas`, readParts)
    .option(
      '--blocks <number>',
      'how often the contenders take turns; by default 5, with --quick 3',
      wholeNumber('blocks', [1, 100]),
    )
    .option('--threads <number>', threadsHelp, wholeNumber('threads', [1, 256]), threads)
    .option('--shape <name>', shapeHelp, (text) => readChoice('shape', shapes, text), 'base')
    .option('--before <folder>', 'dist/ of an earlier version: its overload is measured beside', (path) =>
      resolve(path),
    )
    .option('--out <folder>', 'writes results, charts and report.md there, and nothing in the repository', (path) =>
      resolve(path),
    )
    .addHelpText('after', notes)
    .parse(args, { from: 'user' })
    .opts<Options>();
  const usual = parts.filter((part) => !quick || !slow.includes(part));
  return { only: usual, blocks: quick ? 3 : 5, ...options, quick };
}
