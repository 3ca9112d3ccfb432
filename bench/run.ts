import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { explainError, UsageError } from '../local/command-line.ts';
import type { Bench } from './bench.ts';
import { chooseContenders } from './contenders.ts';
import { describePart, openDurations } from './durations.ts';
import { measureColdStart } from './measurements/cold-start.ts';
import { measureCost } from './measurements/cost.ts';
import { measureLatency, measureSample } from './measurements/latency.ts';
import { measureLoad } from './measurements/load.ts';
import { measureMemory } from './measurements/memory.ts';
import { measureOverhead } from './measurements/overhead.ts';
import { measureOverload } from './measurements/overload.ts';
import { measureScore } from './measurements/score.ts';
import { measureSize } from './measurements/size.ts';
import { measureWorkers } from './measurements/workers.ts';
import { type Part, readBenchOptions } from './options.ts';
import { describeMachine, findPaths, findSample, provideModels, providePackages, readJson } from './prepare.ts';
import { createTable, saveTable, writeReport } from './report.ts';
import { say } from './runner.ts';
import { readWords } from './texts.ts';

const measurements: Readonly<Record<Part, (bench: Bench) => Promise<void>>> = {
  latency: measureLatency,
  sample: measureSample,
  'cold-start': measureColdStart,
  load: measureLoad,
  workers: measureWorkers,
  score: measureScore,
  overload: measureOverload,
  overhead: measureOverhead,
  memory: measureMemory,
  size: measureSize,
  cost: measureCost,
};

/** What bench/start.mjs passes. `preparePython` makes the project's Python environment. */
interface Start extends Pick<Bench, 'findImageBytes'> {
  readonly root: string;
  readonly built: string;
  readonly args: readonly string[];
  readonly preparePython: () => void;
}

/** Measures the parts in their order. Says before each how much time is left. */
async function measureParts(bench: Bench, { known, remember }: ReturnType<typeof openDurations>): Promise<void> {
  const { only } = bench.options;
  for (const [place, part] of only.entries()) {
    say(describePart(only, place, known));
    const begun = performance.now();
    await measurements[part](bench);
    remember(part, (performance.now() - begun) / 1000);
  }
}

async function measure({ root, built, args, preparePython, findImageBytes }: Start): Promise<string> {
  const options = readBenchOptions(args);
  preparePython();
  const paths = findPaths(root, built);
  const [home, quick] = [join(root, 'bench'), join(paths.cache, 'quick')];
  rmSync(quick, { recursive: true, force: true });
  // A full run updates the tables in the repository. Any other run writes only to the cache.
  const full = !options.quick && options.shape === 'base';
  const usual = full ? { folder: home, document: join(home, 'README.md') } : { folder: quick };
  const target = options.out ? { folder: options.out } : usual;
  const output = { ...target, catalog: readJson(home, 'tables.json') };
  say('Preparing packages and models; the first time this takes some minutes.');
  const packages = providePackages(paths);
  const models = provideModels(paths, options.shape);
  const words = readWords(join(findSample(root), 'tokenizer.json'));
  const settings = { quick: options.quick, shape: options.shape, blocks: options.blocks, threads: options.threads };
  const origin = { machine: describeMachine(paths), settings, date: new Date().toISOString() };
  say(JSON.stringify(origin.machine));
  const save: Bench['save'] = (name, rows, values) =>
    saveTable(output, name, { ...createTable(output.catalog, name, { ...options, ...values }), rows, ...origin });
  const contenders = chooseContenders(readJson(home, 'contenders.json'), options.quick);
  const bench = { paths, options, models, packages, contenders, words, findImageBytes, save };
  await measureParts(bench, openDurations(join(paths.cache, 'durations.json'), settings));
  return `${writeReport(output)}\n`;
}

/** The whole command. Returns the exit code. */
export async function run(start: Start): Promise<number> {
  try {
    process.stdout.write(await measure(start));
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommanderError) return explainError(error);
    process.stderr.write(`${(error as Error).stack}\n`);
    return 1;
  }
}
