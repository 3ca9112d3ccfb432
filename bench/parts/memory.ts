import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { createHttpEvent } from '../engines/http-event.ts';
import { createFunctionEnvironment } from '../function-environment.ts';
import type { Places } from '../places.ts';
import { describePrices } from '../price.ts';
import { createProcessorLimit } from '../processor-limit.ts';
import { createText } from '../texts.ts';
import {
  lengths,
  listSettings,
  type MemoryCase,
  type MemorySetting,
  megabytesPerProcessor,
  type Process,
  toCostRows,
  toStartRows,
  toTimeRows,
} from './memory-rows.ts';

const pauseMs = 30;

interface Question {
  readonly places: Places;
  readonly store: string;
  readonly text: string;
  /** Answers after the first. */
  readonly answers: number;
}

async function runUnder(
  enter: readonly string[],
  { places: { root, bundle }, store, text, answers }: Question,
  memoryMb: number,
): Promise<Process> {
  const program = join(root, 'bench', 'memory', 'function-process.mjs');
  const event = JSON.stringify(createHttpEvent(text));
  const [file = '', ...args] = [...enter, process.execPath, program, bundle, event, String(answers), String(pauseMs)];
  const env = createFunctionEnvironment({ uri: `file:${store}`, memoryMb });
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let reported = '';
  child.stderr.on('data', (chunk) => {
    reported += chunk;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`The function's process ended with code ${status}:\n${reported}`);
  const reports = reported.trim().split('\n');
  return Object.assign({}, ...reports.map((line) => JSON.parse(line)));
}

/** One process under the limit of its setting, from its start through its answers. */
async function runLimited(question: Question, { memoryMb, processors }: MemorySetting): Promise<Process> {
  const limit = createProcessorLimit(processors);
  try {
    return await runUnder(limit.enter, question, memoryMb);
  } finally {
    limit.remove();
  }
}

/** Why this machine cannot measure the settings, if it cannot. */
function findObstacle(settings: readonly MemorySetting[]): string | undefined {
  try {
    createProcessorLimit(Math.max(...settings.map(({ processors }) => processors))).remove();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function listCases({ places, models, options, words }: Bench, settings: readonly MemorySetting[]) {
  const stores = [
    { model: 'sample model', store: models.sample.store },
    { model: `BERT-${options.shape}`, store: models.network.store },
  ];
  const answers = options.quick ? 5 : 20;
  return stores.flatMap(({ model, store }) =>
    Object.values(lengths).flatMap((tokens) => {
      const question: Question = { places, store, answers, text: createText(words, tokens, 0) };
      return settings.map((setting) => ({ ...setting, model, tokens, question, processes: [] as Process[] }));
    }),
  );
}

async function measure(bench: Bench, settings: readonly MemorySetting[]): Promise<MemoryCase[]> {
  const { options, progress } = bench;
  const cases = listCases(bench, settings);
  progress.begin('Memory', options.blocks * cases.length);
  for (let block = 0; block < options.blocks; block++) {
    for (const one of cases) {
      one.processes.push(await runLimited(one.question, one));
      progress.step();
    }
  }
  progress.end();
  return cases;
}

function save({ save }: Bench, settings: readonly MemorySetting[], cases: readonly MemoryCase[]): void {
  const threads = settings.map((setting) => `${setting.threads} with ${setting.memoryMb} MB`).join(', ');
  const about =
    `The Lambda function as built, each process under the limit on processor time that goes with its memory setting (one processor per ` +
    `${megabytesPerProcessor} MB, control groups, periods of 20 ms); memory itself is not limited. Threads, by the function's own rule: ${threads}.`;
  save('memory', {
    title: 'Memory setting and time of a warm answer',
    about: `${about} One request at a time, ${pauseMs} ms after the one before; a block is a process.`,
    rows: toTimeRows(cases),
  });
  save('memory-start', {
    title: 'Memory setting and cold start from disk',
    about: `${about} From the process's start to its first answer, ${lengths.short} tokens; the model's files are in memory (page cache).`,
    rows: toStartRows(cases),
  });
  save('memory-cost', {
    title: 'Memory setting and dollars per million requests',
    about: `By Lambda's formula for the times of a warm answer above: ${describePrices()}. Cold starts and API Gateway come on top.`,
    rows: toCostRows(cases),
  });
}

/** What a memory setting gives and costs. Left out, with a sentence, where processor time cannot be limited. */
export async function runMemory(bench: Bench): Promise<void> {
  const settings = listSettings(bench.options.quick, availableParallelism());
  const obstacle = findObstacle(settings);
  if (obstacle !== undefined) {
    bench.progress.say(`Memory is left out: ${obstacle}. On Linux: sudo npm run bench -- --only memory.`);
    return;
  }
  save(bench, settings, await measure(bench, settings));
}
