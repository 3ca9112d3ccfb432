import { availableParallelism } from 'node:os';
import { createCommand, UsageError, wholeNumber } from '../local/command-line.ts';

/** The parts of a run. */
export const parts = [
  ...(['latency', 'sample', 'cold-start', 'load', 'workers', 'overhead', 'memory', 'size', 'cost'] as const),
];
export type Part = (typeof parts)[number];

/** Networks that bench/peers/peer_models.py can make. */
const shapes = ['base', 'small', 'tiny'] as const;

const description = 'Measures this project beside what one would use instead, by turns, on this machine.';

const notes = `
A full run of the shape base writes bench/results, bench/charts and the tables in bench/README.md; every other one .cache/bench/quick.
The part memory limits processor time, which takes Linux and root (sudo): it is left out otherwise.
`;

function readParts(text: string | undefined, quick: boolean): Part[] {
  if (text === undefined) return parts.filter((part) => !quick || (part !== 'memory' && part !== 'cost'));
  const names: readonly string[] = text.split(',');
  const unknown = names.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new UsageError(`--only: ${unknown.join(', ')} is none of ${parts.join(', ')}.`);
  return parts.filter((part) => names.includes(part));
}

function readShape(text: string): (typeof shapes)[number] {
  const shape = shapes.find((name) => name === text);
  if (shape) return shape;
  throw new UsageError(`--shape: ${text} is none of ${shapes.join(', ')}.`);
}

interface Options {
  readonly quick?: true;
  readonly only?: string;
  readonly blocks: number;
  readonly threads: number;
  readonly shape: (typeof shapes)[number];
}

/** Reads the command line. Throws UsageError for unknown flags and values. */
export function readBenchOptions(args: readonly string[]) {
  const quickHelp =
    'fewer lengths, shorter blocks, no memory settings and costs: three to four minutes instead of twenty-five';
  const shapeHelp = 'the network: base is BERT-base; small and tiny try the benchmark itself';
  const threadsHelp = "threads of each contender's run; by default 2, or the processors if there are fewer";
  const threads = Math.min(2, availableParallelism());
  const { quick = false, ...options } = createCommand('npm run bench --', description)
    .option('--quick', quickHelp)
    .option('--only <parts>', `some of: ${parts.join(', ')}; separated by commas`)
    .option('--blocks <number>', 'how often the contenders take turns', wholeNumber('blocks', [1, 100]), 5)
    .option('--threads <number>', threadsHelp, wholeNumber('threads', [1, 256]), threads)
    .option('--shape <name>', shapeHelp, readShape, 'base')
    .addHelpText('after', notes)
    .parse(args, { from: 'user' })
    .opts<Options>();
  return { ...options, quick, only: readParts(options.only, quick) };
}
