// `npm start -- --stdin`: lines of a pipe to JSON lines, with the code of functions/stream.
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError, isItemError } from '../functions/predict/errors.ts';
import { readMessage } from '../functions/stream/message.ts';
import { type LoadedModel, type ResultRecord, scoreRecord } from '../layers/prediction/index.ts';
import { createStopSignal } from './command-line.ts';
import { mapInOrder } from './ordered-tasks.ts';
import { loadIntoWorkers, textsInFlight } from './pooled-model.ts';
import { readLines } from './text-lines.ts';

/** A pipe's two ends. */
export interface Pipe {
  readonly input: Readable;
  readonly output: Writable;
}

/** What came of the lines. */
export interface LineCounts {
  readonly lines: number;
  /** Lines whose result is an error. */
  readonly failed: number;
}

/**
 * Scores each line, a text or a JSON object with a text, and writes a line of JSON for it, in the order of the lines. It reads no
 * faster than its output is read.
 *
 * @param ahead - lines that are scored at the same time.
 * @throws ApiError if no worker is left; AbortError after `signal`; the error of the output, such as EPIPE.
 */
export async function scoreLines(
  { input, output }: Pipe,
  model: LoadedModel,
  { ahead, signal }: { readonly ahead: number; readonly signal: AbortSignal },
): Promise<LineCounts> {
  const counts = { lines: 0, failed: 0 };
  const numbered = numberLines(readLines(input.setEncoding('utf8')));
  async function* score() {
    for await (const result of mapInOrder(numbered, ahead, ([number, line]) => scoreLine(model, number, line))) {
      counts.lines += 1;
      if (result.error) counts.failed += 1;
      yield `${JSON.stringify(result)}\n`;
    }
  }
  // Without it the pipeline would wait for the next line before it ends.
  const stopReading = () => void input.destroy();
  signal.addEventListener('abort', stopReading);
  output.once('error', stopReading);
  await pipeline(score, output, { end: false, signal });
  return counts;
}

async function* numberLines(lines: AsyncIterable<string>): AsyncGenerator<readonly [number: number, line: string]> {
  let number = 0;
  for await (const line of lines) yield [++number, line];
}

/** A model that fails or crashes on one text is a fault of the line. A model that is not available ends the run. */
async function scoreLine(model: LoadedModel, number: number, line: string): Promise<ResultRecord> {
  const { record, failed } = readMessage(line, number);
  if (failed) return failed;
  try {
    return await scoreRecord(model, record, new Date());
  } catch (error) {
    if (!(error instanceof ApiError))
      return { id: record.id, error: { code: 'INTERNAL', message: `The model failed on the text: ${error}` } };
    if (isItemError(error)) return { id: record.id, error: { code: error.code, message: error.message } };
    throw error;
  }
}

/** Scores standard input to standard output. Returns the exit code: 0 at the end of the input, also if lines have errors. */
export async function scoreStandardInput(workers: number): Promise<number> {
  const signal = createStopSignal();
  const model = await loadIntoWorkers(workers);
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
  say(`Scoring lines with model ${model.manifest.version}.`);
  const pipe = { input: process.stdin, output: process.stdout };
  const started = performance.now();
  try {
    const { lines, failed } = await scoreLines(pipe, model, {
      ahead: textsInFlight(model.classifier, workers),
      signal,
    });
    const seconds = (performance.now() - started) / 1000;
    say(`Scored ${lines - failed} of ${lines} lines in ${seconds.toFixed(1)} s.`);
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    // The reader of standard output went away, because it has seen enough.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
    throw error;
  } finally {
    await model.classifier.release();
  }
}
