import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../local/command-line.ts';
import type { Bench } from './bench.ts';
import { describeMachine } from './machine.ts';
import { findSample, provideModels } from './models.ts';
import { type BenchOptions, type Part, readBenchOptions, usage } from './options.ts';
import { providePackages } from './packages.ts';
import { runColdStart } from './parts/cold-start.ts';
import { runCost } from './parts/cost.ts';
import { runLatency, runSample } from './parts/latency.ts';
import { runLoad } from './parts/load.ts';
import { runMemory } from './parts/memory.ts';
import { runOverhead } from './parts/overhead.ts';
import { runSize } from './parts/size.ts';
import { runWorkers } from './parts/workers.ts';
import { findPlaces, type Places } from './places.ts';
import { createProgress } from './progress.ts';
import { type ReportPlace, saveTable, writeReport } from './report/report.ts';
import { better } from './results.ts';
import { readWords } from './texts.ts';

interface Start {
  readonly root: string;
  readonly built: string;
  readonly args: readonly string[];
  /** Makes the project's Python environment. */
  readonly preparePython: () => void;
  readonly findImageBytes: Bench['findImageBytes'];
}

const runners: Readonly<Record<Part, (bench: Bench) => Promise<void>>> = {
  latency: runLatency,
  sample: runSample,
  'cold-start': runColdStart,
  load: runLoad,
  workers: runWorkers,
  overhead: runOverhead,
  memory: runMemory,
  size: runSize,
  cost: runCost,
};

/**
 * A full run's tables are for the repository, where those of parts that are not measured now stay; others are for whoever
 * started it.
 */
function openReport({ root, cache }: Places, { quick, shape }: BenchOptions): ReportPlace {
  const folder = join(cache, 'quick');
  rmSync(folder, { recursive: true, force: true });
  if (quick || shape !== 'base') return { folder };
  return { folder: join(root, 'bench'), document: join(root, 'bench', 'README.md') };
}

function readLock(root: string, name: string): string {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return packages[`node_modules/${name}`]?.version ?? 'unknown';
}

function tellMachine(places: Places) {
  const { root } = places;
  const cpuInfo = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return describeMachine(places, cpuInfo, {
    'onnxruntime-node': readLock(root, 'onnxruntime-node'),
    '@huggingface/transformers': readLock(join(root, 'bench'), '@huggingface/transformers'),
  });
}

type Given = Pick<Bench, 'places' | 'options' | 'findImageBytes'>;

async function prepare(given: Given, report: ReportPlace): Promise<Bench> {
  const { places, options } = given;
  const progress = createProgress();
  progress.say('Preparing packages and models; the first time this takes some minutes.');
  const packages = await providePackages(places);
  const models = await provideModels(places, options.shape);
  const machine = tellMachine(places);
  progress.say(JSON.stringify(machine));
  const words = readWords(join(findSample(places.root), 'tokenizer.json'));
  const date = new Date().toISOString();
  const save: Bench['save'] = (name, table) => saveTable(report, name, { ratioName: better, ...table, machine, date });
  return { ...given, packages, models, words, progress, save };
}

/** The whole command. Returns the exit code. */
export async function run({ root, built, args, preparePython, findImageBytes }: Start): Promise<number> {
  try {
    const options = readBenchOptions(args);
    if (options.help) {
      process.stdout.write(usage);
      return 0;
    }
    preparePython();
    const places = findPlaces({ root, built });
    const report = openReport(places, options);
    const bench = await prepare({ places, options, findImageBytes }, report);
    for (const part of options.only) await runners[part](bench);
    process.stdout.write(`${writeReport(report)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof UsageError ? error.message : (error as Error).stack}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
