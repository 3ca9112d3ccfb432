import type { Bench, Contender } from '../bench.ts';
import { listEngines } from '../contenders.ts';
import { type Command, readPeakMemory, startLines } from '../processes.ts';
import { addRatios, createFact, createRow, type Row } from '../results.ts';
import { say, takeTurns } from '../runner.ts';
import { mean, median } from '../statistics.ts';
import { createReviews, createTexts } from '../texts.ts';

/** The texts of one column, such as `32 tokens`. Mixed lengths have one figure for a whole pass, the mean over its texts. */
interface Column {
  readonly at: string;
  readonly texts: readonly string[];
  readonly mixed?: boolean;
}

/** Starts a process that loads a model and takes the times itself. `about` is its description of itself. */
async function startEngine(contender: Contender, command: Command) {
  const { pid, read, write, stop } = startLines(command);
  const { ready: about } = await read<{ ready: string }>();
  /** Passes over the texts until the seconds are over, at least `least` times: milliseconds of each text in each pass. */
  const pass = (texts: readonly string[], seconds = 0, least = 1) => {
    write({ texts, seconds, least });
    return read<{ readonly ms: number[][]; readonly positive: number[] }>();
  };
  /** Milliseconds by column and block. */
  const times: Record<string, number[][]> = {};
  const addTimes = (at: string, block: number, ms: readonly number[]) => {
    times[at] ??= [];
    times[at][block] = [...(times[at][block] ?? []), ...ms];
  };
  return { ...contender, pid, about, pass, stop, times, addTimes };
}

type Engine = Awaited<ReturnType<typeof startEngine>>;

/** Starts the engines of a contender. Keeps the fastest with texts of middle and greatest length, by the mean of logarithms. */
async function startFastest(contender: Contender, commands: readonly Command[], columns: readonly Column[]) {
  const engines: Engine[] = [];
  for (const command of commands) engines.push(await startEngine(contender, command));
  const even = columns.filter(({ mixed }) => !mixed);
  const trials = engines.length > 1 ? [even[Math.floor(even.length / 2)], even.at(-1)] : [];
  const scores = engines.map(() => 0);
  for (const { texts } of trials.filter((column) => column !== undefined)) {
    for (const [index, { pass }] of engines.entries()) {
      await pass(texts.slice(0, 2));
      const { ms } = await pass(texts.slice(0, 1), 0.2, 3);
      scores[index] = (scores[index] ?? 0) + Math.log(median(ms.flat()));
    }
  }
  const fastest = engines[scores.indexOf(Math.min(...scores))];
  if (!fastest) throw new Error(`${contender.name} has no setting`);
  await Promise.all(engines.filter((other) => other !== fastest).map(({ stop }) => stop()));
  const choice = engines.length > 1 ? `, the fastest of ${engines.length} settings` : '';
  say(`${contender.name}: ${fastest.about}${choice}`);
  return fastest;
}

/** A shared machine is slow for seconds at a time: short turns hit all alike. With fewer texts, the warmup would be the longer part. */
const [mostTurns, leastTexts] = [4, 2];

/** Measures all contenders at a column in one block, in several turns. Another contender begins each turn. */
async function measureColumn(engines: readonly Engine[], { at, texts, mixed }: Column, block: number, seconds: number) {
  const turns = mixed ? 1 : Math.min(mostTurns, Math.ceil(texts.length / leastTexts));
  for (let turn = 0; turn < turns; turn++) {
    const part = texts.filter((_, index) => index % turns === turn);
    const first = (block + turn) % engines.length;
    for (const { pass, addTimes } of [...engines.slice(first), ...engines.slice(0, first)]) {
      await pass(part.slice(0, 2));
      const { ms } = await pass(part, seconds / turns);
      addTimes(at, block, mixed ? ms.map(mean) : ms.flat());
    }
  }
}

/** Padded contenders take the same time for every length: one text of each of a few columns is enough. */
async function measurePadded(engines: readonly Engine[], columns: readonly Column[], block: number, count: number) {
  const texts = columns.slice(0, count).flatMap((column) => column.texts.slice(0, 1));
  for (const { pass, addTimes } of engines) {
    await pass(texts.slice(0, 1));
    const { ms } = await pass(texts);
    for (const { at } of columns) addTimes(at, block, ms.flat());
  }
}

interface Comparison {
  readonly contenders: readonly Contender[];
  readonly columns: readonly Column[];
  readonly models: Bench['models']['network'];
  readonly threads: number;
}

/**
 * Milliseconds from text to probabilities, model warm, one text at a time. Each contender has a turn at every column in each
 * block. `more` asks the same processes before they stop.
 */
export async function compareLatency<T>(
  bench: Bench,
  { contenders, columns, models, threads }: Comparison,
  more: (engines: readonly Engine[]) => T | Promise<T>,
): Promise<{ rows: Row[]; more: T }> {
  const [seconds, paddedTexts] = bench.options.quick ? [0.1, 1] : [0.4, 3];
  const engines: Engine[] = [];
  try {
    await takeTurns('Loading and tuning', 1, contenders, async (contender) => {
      engines.push(await startFastest(contender, listEngines(bench, contender, models, threads), columns));
    });
    const padded = engines.filter((engine) => engine.padded);
    const others = engines.filter((engine) => !engine.padded);
    await takeTurns('Latency', bench.options.blocks, [...columns, undefined], (column, block) =>
      column ? measureColumn(others, column, block, seconds) : measurePadded(padded, columns, block, paddedTexts),
    );
    const rows = columns.flatMap(({ at }) =>
      engines.map(({ name, times }) => createRow(name, 'ms', times[at] ?? [], at)),
    );
    return { rows: addRatios(rows), more: await more(engines) };
  } finally {
    await Promise.all(engines.map(({ stop }) => stop()));
  }
}

/** Columns of texts of one length each in tokens, and one of texts with the lengths of reviews. */
export function listColumns({ words }: Bench, lengths: readonly number[], count: number, reviews: number): Column[] {
  const columns = lengths.map((tokens) => ({ at: `${tokens} tokens`, texts: createTexts(words, tokens, count) }));
  return [...columns, { at: 'reviews (mean)', texts: createReviews(words, reviews), mixed: true }];
}

function chooseColumns(bench: Bench): Column[] {
  if (bench.options.quick) return listColumns(bench, [32, 128, 512], 2, 2);
  return listColumns(bench, [8, 16, 32, 64, 128, 256, 512], 8, 16);
}

/** Largest difference from the probabilities of the first padded contender, which runs the network in fp32. */
async function compareAnswers(engines: readonly Engine[], columns: readonly Column[]): Promise<Row[]> {
  const texts = columns.flatMap((column) => column.texts.slice(0, 1));
  const answers = [];
  for (const { name, padded, pass } of engines.filter(({ answerless }) => !answerless))
    answers.push({ name, padded, positive: (await pass(texts)).positive });
  const reference = answers.find(({ padded }) => padded)?.positive;
  return answers.map(({ name, positive }) => {
    const differences = positive.map((value, index) => Math.abs(value - (reference?.[index] ?? value)));
    return createFact(name, Math.max(...differences), 'probability');
  });
}

const describeSettings = (engines: readonly Engine[]) =>
  engines.map(({ name, about }) => `${name}: ${about}`).join('; ');

/** Measures all contenders on the random network. */
export async function measureLatency(bench: Bench): Promise<void> {
  const { contenders, models, options } = bench;
  const columns = chooseColumns(bench);
  const comparison = { contenders, columns, models: models.network, threads: options.threads };
  const { rows, more } = await compareLatency(bench, comparison, async (engines) => ({
    settings: describeSettings(engines),
    answers: await compareAnswers(engines, columns),
    memory: engines.map(({ name, pid }) => createFact(name, readPeakMemory(pid), 'MiB')),
  }));
  bench.save('latency', rows, { settings: more.settings });
  bench.save('answers', more.answers);
  bench.save('peak-memory', more.memory);
}

/** Measures the model that ships. Its fp32 weights are not in the repository: the others run the same file. */
export async function measureSample(bench: Bench): Promise<void> {
  const { models, options } = bench;
  const contenders = bench.contenders.flatMap((one) => (one.sampleName ? { ...one, name: one.sampleName } : []));
  const comparison = { contenders, columns: chooseColumns(bench), models: models.sample, threads: options.threads };
  const { rows, more } = await compareLatency(bench, comparison, describeSettings);
  bench.save('sample', rows, { settings: more });
}
