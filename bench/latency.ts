import { type Contender, own } from './contenders.ts';
import { type Engine, startEngine } from './engine-process.ts';
import type { Progress } from './progress.ts';
import type { Row } from './results.ts';
import { compareBlocks, mean, median, summarize } from './statistics.ts';

/** What is asked at one column of the table. */
export interface Column {
  /** Such as `32 tokens`. */
  readonly at: string;
  readonly texts: readonly string[];
  /** One figure for a whole pass, the mean over its texts, because they differ. */
  readonly mixed?: boolean;
}

/** A contender that is running. */
export interface Running {
  readonly contender: Contender;
  readonly engine: Engine;
}

/** How long is measured. */
export interface Effort {
  readonly blocks: number;
  /** Per contender and column in each block. */
  readonly seconds: number;
  /** Texts that a padded contender is asked in each block. */
  readonly paddedTexts: number;
}

/** Of a contender at one column in one block. Machines that others share are slow for seconds at a time: short turns meet all alike. */
const mostTurns = 4;
/** Of a turn: before fewer the warm-up would be longer than what is measured. */
const leastTexts = 2;

type Samples = Map<string, number[][]>;

const keyOf = (contender: Contender, { at }: Column) => `${contender.key} at ${at}`;

/** Ends by itself when the texts were passed over once; nobody keeps the times. */
const warmUp = (engine: Engine, texts: readonly string[]) => engine.measure({ texts, seconds: 0, least: 1 });

async function measureColumn(engine: Engine, { texts, mixed = false }: Column, seconds: number): Promise<number[]> {
  await warmUp(engine, texts.slice(0, 2));
  const { ms } = await engine.measure({ texts, seconds, least: 1 });
  return mixed ? ms.map(mean) : ms.flat();
}

/** Texts of one length are shared out to several turns; what has one figure for all its texts stays whole. */
function listTurns(column: Column): Column[] {
  const count = column.mixed ? 1 : Math.min(mostTurns, Math.ceil(column.texts.length / leastTexts));
  return Array.from({ length: count }, (_, turn) => ({
    ...column,
    texts: column.texts.filter((_, index) => index % count === turn),
  }));
}

/** Sums of the logarithms of each engine's milliseconds: the lowest is the fastest over all columns. */
async function scoreEngines(engines: readonly Engine[], columns: readonly Column[]): Promise<number[]> {
  const scores = engines.map(() => 0);
  for (const { texts } of columns) {
    for (const [index, engine] of engines.entries()) {
      await warmUp(engine, texts.slice(0, 2));
      const { ms } = await engine.measure({ texts: texts.slice(0, 1), seconds: 0.2, least: 3 });
      scores[index] = (scores[index] ?? 0) + Math.log(median(ms.flat()));
    }
  }
  return scores;
}

/** A column of middling and one of long texts. */
function chooseTrial(columns: readonly Column[]): Column[] {
  const even = columns.filter(({ mixed }) => !mixed);
  return [...new Set([even[Math.floor(even.length / 2)], even.at(-1)])].filter((column) => column !== undefined);
}

/** Starts the variants of a contender, keeps the fastest and says which. */
async function chooseVariant(contender: Contender, columns: readonly Column[], say: Progress['say']): Promise<Running> {
  const engines: Engine[] = [];
  for (const command of contender.variants) engines.push(await startEngine(command));
  const scores = engines.length > 1 ? await scoreEngines(engines, chooseTrial(columns)) : [0];
  const engine = engines[scores.indexOf(Math.min(...scores))];
  if (!engine) throw new Error(`${contender.name} has no variant`);
  await Promise.all(engines.filter((other) => other !== engine).map((other) => other.stop()));
  say(`${contender.name}: ${engine.about}${engines.length > 1 ? `, the fastest of ${engines.length} settings` : ''}`);
  return { contender, engine };
}

/** Starts every contender in its fastest setting. */
export async function startContenders(
  contenders: readonly Contender[],
  columns: readonly Column[],
  progress: Progress,
): Promise<Running[]> {
  const running: Running[] = [];
  progress.begin('Loading and tuning', contenders.length);
  for (const contender of contenders) {
    running.push(await chooseVariant(contender, columns, progress.say));
    progress.step();
  }
  progress.end();
  return running;
}

/** The same contender does not always come first. */
const rotate = <T>(items: readonly T[], by: number): T[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
];

/** Padded contenders are asked a text of each of a few columns: all take the same time. */
async function measurePadded(
  running: readonly Running[],
  columns: readonly Column[],
  { samples, count }: { readonly samples: Samples; readonly count: number },
): Promise<void> {
  for (const { contender, engine } of running) {
    const texts = columns.slice(0, count).flatMap((column) => column.texts.slice(0, 1));
    await warmUp(engine, texts.slice(0, 1));
    const { ms } = await engine.measure({ texts, seconds: 0, least: 1 });
    for (const column of columns) samples.get(keyOf(contender, column))?.push(ms.flat());
  }
}

/** Everybody's milliseconds at a column in one block. */
async function measureByTurns(
  running: readonly Running[],
  column: Column,
  { block, seconds }: { readonly block: number; readonly seconds: number },
): Promise<Map<Contender, number[]>> {
  const measured = new Map(running.map(({ contender }): [Contender, number[]] => [contender, []]));
  const turns = listTurns(column);
  for (const [turn, part] of turns.entries()) {
    for (const { contender, engine } of rotate(running, block + turn)) {
      measured.get(contender)?.push(...(await measureColumn(engine, part, seconds / turns.length)));
    }
  }
  return measured;
}

/**
 * Milliseconds from text to probabilities, model warm, one text at a time, by turns: in each block every contender is asked at
 * every column, after a warm-up whose times are not kept.
 */
export async function measureLatency(
  running: readonly Running[],
  columns: readonly Column[],
  { blocks, seconds, paddedTexts, progress }: Effort & { readonly progress: Progress },
): Promise<Row[]> {
  const samples: Samples = new Map();
  for (const { contender } of running) for (const column of columns) samples.set(keyOf(contender, column), []);
  const padded = running.filter(({ contender }) => contender.padded);
  const others = running.filter(({ contender }) => !contender.padded);
  progress.begin('Latency', blocks * (columns.length + 1));
  for (let block = 0; block < blocks; block++) {
    for (const column of columns) {
      const measured = await measureByTurns(others, column, { block, seconds });
      for (const [contender, ms] of measured) samples.get(keyOf(contender, column))?.push(ms);
      progress.step();
    }
    await measurePadded(padded, columns, { samples, count: paddedTexts });
    progress.step();
  }
  progress.end();
  return columns.flatMap((column) => toRows(running, column, samples));
}

function toRows(running: readonly Running[], column: Column, samples: Samples): Row[] {
  const read = (contender: Contender) => summarize(samples.get(keyOf(contender, column)) ?? []);
  const ours = running.find(({ contender }) => contender.key === own);
  const reference = ours && read(ours.contender).blocks;
  return running.map(({ contender }) => {
    const summary = read(contender);
    const ratio = contender.key === own || !reference ? undefined : compareBlocks(summary.blocks, reference);
    return { name: contender.name, at: column.at, unit: 'ms', ...summary, ratio };
  });
}

/** Largest difference between a contender's probabilities and the first padded one's, which is the network in fp32. */
export async function compareAnswers(
  running: readonly Running[],
  texts: readonly string[],
): Promise<Map<string, number>> {
  const answers = new Map<string, readonly number[]>();
  for (const { contender, engine } of running) {
    if (contender.speechless) continue;
    answers.set(contender.name, (await engine.measure({ texts, seconds: 0, least: 1 })).positive);
  }
  const reference = answers.get(running.find(({ contender }) => contender.padded)?.contender.name ?? '') ?? [];
  const differ = (values: readonly number[]) =>
    Math.max(0, ...values.map((value, index) => Math.abs(value - (reference[index] ?? value))));
  return new Map([...answers].map(([name, values]) => [name, differ(values)]));
}
