import { availableParallelism } from 'node:os';
import { readArguments, readWhole, UsageError } from '../local/command-line.ts';

/** The parts of a run. */
export const parts = [
  'latency',
  'sample',
  'cold-start',
  'load',
  'workers',
  'overhead',
  'memory',
  'size',
  'cost',
] as const;
export type Part = (typeof parts)[number];

/** Networks that bench/peers/peer_models.py can make. */
const shapes = ['base', 'small', 'tiny'] as const;

/** What `npm run bench` can be told. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly blocks: number;
  readonly threads: number;
  readonly only: readonly Part[];
  readonly shape: (typeof shapes)[number];
  readonly help: boolean;
}

export const usage = `Measures this project beside what one would use instead, by turns, on this machine.

Usage: npm run bench -- [--quick] [--only latency,load] [--blocks 5] [--threads 2] [--shape base]

  --quick       fewer lengths, shorter blocks, no memory settings and costs: three to four minutes instead of twenty-five
  --only PARTS  some of: ${parts.join(', ')}
  --blocks N    how often the contenders take turns (default 5)
  --threads N   threads of each contender's run (default 2, or the processors if there are fewer)
  --shape NAME  the network: base is BERT-base; small and tiny try the benchmark itself (default base)
  --help        this text

A full run of the shape base writes bench/results, bench/charts and the tables in bench/README.md; every other one .cache/bench/quick.
The part memory limits processor time, which takes Linux and root (sudo): it is left out otherwise.
`;

/** What a memory setting or one thread takes and costs is left out of a quick run. */
const quickParts = parts.filter((part) => part !== 'memory' && part !== 'cost');

function readParts(text: string | undefined, quick: boolean): readonly Part[] {
  if (text === undefined) return quick ? quickParts : parts;
  const names = text.split(',');
  const unknown = names.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new UsageError(`--only: ${unknown.join(', ')} is none of ${parts.join(', ')}.`);
  return parts.filter((part) => names.includes(part));
}

function readShape(text: string): BenchOptions['shape'] {
  const shape = shapes.find((name) => name === text);
  if (!shape) throw new UsageError(`--shape: ${text} is none of ${shapes.join(', ')}.`);
  return shape;
}

/** Reads the command line. Throws `UsageError` for flags and values that there are not. */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = readArguments({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      blocks: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      shape: { type: 'string', default: 'base' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, help } = values;
  const only = readParts(values.only, quick);
  const blocks = readWhole('blocks', values.blocks, [1, 100]);
  const threads = readWhole('threads', values.threads, [1, 256]);
  return { quick, help, only, blocks, threads, shape: readShape(values.shape) };
}
