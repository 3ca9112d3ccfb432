import { availableParallelism } from 'node:os';
import { readArguments, readWhole, UsageError } from '../local/command-line.ts';

/** The parts of a run. */
export const parts = [
  ...(['latency', 'sample', 'cold-start', 'load', 'workers', 'overhead', 'memory', 'size', 'cost'] as const),
];
export type Part = (typeof parts)[number];

/** Networks that bench/peers/peer_models.py can make. */
const shapes = ['base', 'small', 'tiny'] as const;

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

function readParts(text: string | undefined, quick: boolean): Part[] {
  if (text === undefined) return parts.filter((part) => !quick || (part !== 'memory' && part !== 'cost'));
  const names: readonly string[] = text.split(',');
  const unknown = names.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new UsageError(`--only: ${unknown.join(', ')} is none of ${parts.join(', ')}.`);
  return parts.filter((part) => names.includes(part));
}

/** Reads the command line. Throws `UsageError` for unknown flags and values. */
export function readBenchOptions(args: readonly string[]) {
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
  const shape = shapes.find((name) => name === values.shape);
  if (!shape) throw new UsageError(`--shape: ${values.shape} is none of ${shapes.join(', ')}.`);
  const blocks = readWhole('blocks', values.blocks, [1, 100]);
  const threads = readWhole('threads', values.threads, [1, 256]);
  return { ...values, only: readParts(values.only, values.quick), blocks, threads, shape };
}
