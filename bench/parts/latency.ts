import type { Bench } from '../bench.ts';
import {
  type Contender,
  commandsRuntime,
  commandThisProject,
  commandTransformersJs,
  listContenders,
  own,
} from '../contenders.ts';
import { type Column, compareAnswers, type Effort, measureLatency, type Running, startContenders } from '../latency.ts';
import { readPeakMemory } from '../memory.ts';
import { createFact, ownName, type Row } from '../results.ts';
import { createReviews, createTexts } from '../texts.ts';

const quickLengths = [32, 128, 512];
const lengths = [8, 16, 32, 64, 128, 256, 512];

/** The column of texts whose lengths are those of film reviews. */
export const reviewsAt = 'reviews (mean)';

/** What a run's texts are. */
export function listColumns({ words, options }: Pick<Bench, 'words' | 'options'>): Column[] {
  const columns = (options.quick ? quickLengths : lengths).map((tokens) => ({
    at: `${tokens} tokens`,
    texts: createTexts(words, tokens, options.quick ? 2 : 8),
  }));
  return [...columns, { at: reviewsAt, texts: createReviews(words, options.quick ? 2 : 16), mixed: true }];
}

/** How long is measured. */
export const toEffort = ({ quick, blocks }: Bench['options']): Effort =>
  quick ? { blocks, seconds: 0.1, paddedTexts: 1 } : { blocks, seconds: 0.4, paddedTexts: 3 };

async function stopAll(running: readonly Running[]): Promise<void> {
  await Promise.all(running.map(({ engine }) => engine.stop()));
}

async function describeAnswers(running: readonly Running[], columns: readonly Column[]): Promise<Row[]> {
  const texts = columns.flatMap((column) => column.texts.slice(0, 1));
  const differences = await compareAnswers(running, texts);
  return [...differences].map(([name, difference]) => createFact(name, difference, 'probability'));
}

/** Contender by contender, in its own words. */
const tellSettings = (running: readonly Running[]) =>
  running.map(({ contender, engine }) => `${contender.name}: ${engine.about}`).join('; ');

async function compare(bench: Bench, contenders: readonly Contender[], columns: readonly Column[]) {
  const running = await startContenders(contenders, columns, bench.progress);
  try {
    const rows = await measureLatency(running, columns, { ...toEffort(bench.options), progress: bench.progress });
    const answers = await describeAnswers(running, columns);
    const memory = running.map(({ contender, engine }) =>
      createFact(contender.name, readPeakMemory(engine.pid), 'MiB'),
    );
    return { rows, answers, memory, settings: tellSettings(running) };
  } finally {
    await stopAll(running);
  }
}

/** The random network, everybody. */
export async function runLatency(bench: Bench): Promise<void> {
  const { places, models, packages, options } = bench;
  const contenders = listContenders({ places, models: models.network, packages, threads: options.threads });
  const { rows, settings, answers, memory } = await compare(bench, contenders, listColumns(bench));
  bench.save('latency', {
    title: `Latency of BERT-${options.shape}, one text at a time, ${options.threads} threads`,
    about:
      'Milliseconds from text to probabilities, model warm, in the process that has it. Padded contenders take the same time for every ' +
      `length and are measured over all of them. ${settings}.`,
    rows,
  });
  bench.save('answers', {
    title: 'Largest difference of a probability from PyTorch in fp32',
    about:
      'One text of each length. The weights are random: this shows that all run the same network, not how good it is.',
    rows: answers,
  });
  bench.save('peak-memory', {
    title: 'Peak memory of one process',
    about: 'Resident memory after the table of latencies, texts of 512 tokens included.',
    rows: memory,
  });
}

/** The model that ships: nobody has its fp32 weights here, so that the others run the same file. */
export async function runSample(bench: Bench): Promise<void> {
  const { places, options, models } = bench;
  const { sample } = models;
  const contenders: Contender[] = [
    { key: own, name: ownName, variants: [commandThisProject(places, sample.store, options.threads)] },
    {
      key: 'transformers-js',
      name: 'transformers.js, the same file',
      variants: [commandTransformersJs(places, sample.peer, options.threads)],
    },
    {
      key: 'onnxruntime',
      name: "Python's ONNX Runtime, the same file",
      variants: commandsRuntime(places, sample.peer, options.threads),
    },
  ];
  const { rows, settings } = await compare(bench, contenders, listColumns(bench));
  bench.save('sample', {
    title: `Latency of the sample model, ${options.threads} threads`,
    about: `Six layers of width 384. ${settings}.`,
    rows,
  });
}
