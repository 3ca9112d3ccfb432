import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson } from './prepare.ts';
import { startLines } from './processes.ts';

/** A function and its first request. */
export interface FunctionSetting {
  /** The checkout. */
  readonly root: string;
  /** The function as it is built, functions/predict/index.mjs. */
  readonly bundle: string;
  readonly memoryMb: number;
  /** The model store, `s3://…` or `file:…`. */
  readonly uri: string;
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the command behind it. */
  readonly enter?: readonly string[];
}

/** A first answer. `startedAt` and `answeredAt` are of the clock that all processes share. The stages are by the function's log. */
export interface FirstAnswer {
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly sinceStart: number;
  readonly peakMiB: number;
  readonly stages: Readonly<Record<'pointerMs' | 'transferMs' | 'sessionMs' | 'firstRunMs', number>>;
}

/** A line of the function's log, or of function-process.mjs. */
interface Line {
  readonly message?: string;
  readonly stages?: FirstAnswer['stages'];
  readonly runMs?: number;
  readonly measured?: FirstAnswer & { readonly times: number[] };
}

/**
 * Starts the built Lambda function in a fresh process with an empty disk, and waits for its first answer.
 *
 * @throws Error with the end of its standard error if it does not answer 200.
 */
export async function startFunction({ root, bundle, memoryMb, uri, text, env, enter = [] }: FunctionSetting) {
  const { environment, event } = readJson(root, 'bench', 'lambda.json');
  const createEvent = (sentence: string) => {
    const rawQueryString = new URLSearchParams({ sentence }).toString();
    return { ...event, rawQueryString, queryStringParameters: { sentence } };
  };
  const directory = mkdtempSync(join(tmpdir(), 'function-'));
  const variables = { MODEL_URI: uri, MODEL_DIRECTORY: directory, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb) };
  const program = [process.execPath, join(root, 'bench', 'function-process.mjs'), bundle];
  const [file = '', ...args] = [...enter, ...program, JSON.stringify(createEvent(text))];
  const all = { PATH: process.env.PATH, ...environment, ...variables, ...env };
  const { startedAt, read, write, ...child } = startLines({ file, args, env: all, onlyEnv: true });
  const stop = async () => {
    await child.stop();
    rmSync(directory, { recursive: true });
  };
  /** The next report, and the lines of the log before it that have a message. */
  const readReport = async (message: string) => {
    const log: Line[] = [];
    for (;;) {
      const line = await read<Line>();
      if (line.measured) return { log, measured: line.measured };
      if (line.message === message) log.push(line);
    }
  };
  /** Asks one text after the other. Returns milliseconds of each answer, and of the model's run by the function's log. */
  const ask = async (texts: readonly string[], pauseMs = 0) => {
    write({ events: texts.map(createEvent), pauseMs });
    const { log, measured } = await readReport('request');
    return measured.times.map((ms, index) => ({ ms, runMs: log[index]?.runMs ?? Number.NaN }));
  };
  try {
    const { log, measured } = await readReport('model loaded');
    const stages = log[0]?.stages;
    if (!stages) throw new Error('The function’s log has no line "model loaded".');
    const first: FirstAnswer = { ...measured, startedAt, stages };
    return { first, ask, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the function, asks it once, and stops it. */
export async function runFirstAnswer(setting: FunctionSetting): Promise<FirstAnswer> {
  const { first, stop } = await startFunction(setting);
  await stop();
  return first;
}

/** Milliseconds from a process's start to the last byte of a client that does nothing with the bytes. */
export async function runBareClient(root: string, endpoint: string, connections: number): Promise<number> {
  const args = [join(root, 'bench', 'bare-client.mjs'), `${endpoint}/bucket`, String(connections)];
  const { startedAt, read, stop } = startLines({ file: process.execPath, args, env: {}, onlyEnv: true });
  const { at } = await read<{ at: number }>();
  await stop();
  return at - startedAt;
}
