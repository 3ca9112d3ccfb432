// Progress on standard error: a bar on a terminal, lines elsewhere.
import { SingleBar } from 'cli-progress';
import { z } from 'zod';
import type { PlannedFile } from './upload.ts';

/** Progress of `npm run score`. */
export interface ScoreProgress {
  /** Counts one row. @param share - share of the file that is read, 0 to 1. */
  step(share: number): void;
  /** Prints a sentence above the bar. */
  say(sentence: string): void;
  /** Ends the bar and shows the cursor again. */
  stop(): void;
  /** Returns a sentence with the number of rows, the time and the rate. */
  summarize(): string;
}

const pauseMs = 10_000;

function createClock() {
  const started = performance.now();
  const seconds = () => Math.max(0.001, (performance.now() - started) / 1000);
  let rows = 0;
  const rate = () => {
    const value = rows / seconds();
    return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
  };
  return {
    count: () => ++rows,
    rate,
    left: (share: number) => formatSeconds(share > 0 ? (seconds() * (1 - share)) / share : 0),
    summarize: () => `Scored ${rows} rows in ${formatSeconds(seconds())}, ${rate()} rows/s.`,
  };
}

function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${Math.round(seconds % 60)} s`;
  return minutes === 0 ? rest : `${minutes} min ${rest}`;
}

function createScoreBar(): ScoreProgress {
  const clock = createClock();
  const format = 'Scoring [{bar}] {percentage} % | {rows} rows | {rate} rows/s | {left} left';
  const bar = new SingleBar({ format, barsize: 30, forceRedraw: true, hideCursor: true });
  bar.start(100, 0, { rows: 0, rate: 0, left: '?' });
  return {
    step: (share) =>
      bar.update(Math.floor(share * 100), { rows: clock.count(), rate: clock.rate(), left: clock.left(share) }),
    say: (sentence) => process.stderr.write(`\r\u001b[2K${sentence}\n`),
    stop: () => bar.stop(),
    summarize: clock.summarize,
  };
}

/** Prints a JSON object per line from time to time, for a log. */
function createScoreLines(): ScoreProgress {
  const clock = createClock();
  let last = performance.now();
  const report = (rows: number, share: number) => {
    last = performance.now();
    const line = { event: 'scoring', rows, rowsPerSecond: clock.rate(), share: Math.round(share * 1000) / 1000 };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  return {
    step: (share) => {
      const rows = clock.count();
      if (performance.now() - last > pauseMs) report(rows, share);
    },
    say: (sentence) => process.stderr.write(`${sentence}\n`),
    stop: () => undefined,
    summarize: clock.summarize,
  };
}

/** Shows a bar on a terminal, and lines of JSON elsewhere. */
export const createScoreProgress = (): ScoreProgress => (process.stderr.isTTY ? createScoreBar() : createScoreLines());

/** Progress of `npm run stream -- put`. */
export interface SendProgress {
  readonly update: (row: number) => void;
  readonly stop: () => void;
}

/** Shows a bar on a terminal, with a share if the number of rows is known. Elsewhere it shows nothing. */
export function createSendProgress(rows: number | undefined): SendProgress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const format =
    rows === undefined ? 'Sending | {value} rows' : 'Sending [{bar}] {percentage}% | {value} of {total} rows';
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true });
  bar.start(rows ?? 0, 0);
  return { update: (row) => bar.update(row), stop: () => bar.stop() };
}

/** Progress of an upload. */
export interface UploadProgress {
  readonly update: (file: PlannedFile, bytes: number) => void;
  readonly stop: () => void;
}

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);

/** Shows a bar on a terminal. Elsewhere it shows nothing, because the sentence at the end is enough. */
export function createUploadProgress(plan: readonly PlannedFile[]): UploadProgress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const total = plan.reduce((sum, { bytes }) => sum + bytes, 0);
  const uploaded = new Map<PlannedFile, number>();
  const format = 'Uploading [{bar}] {percentage}% | {done} of {all} MiB | {file}';
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true });
  bar.start(total, 0, { done: '0.0', all: mebibytes(total), file: '' });
  return {
    update: (file, bytes) => {
      uploaded.set(file, bytes);
      const done = [...uploaded.values()].reduce((sum, value) => sum + value, 0);
      bar.update(done, { done: mebibytes(done), file: file.key });
    },
    stop: () => bar.stop(),
  };
}

/** Shows the log of a training run: its lines, and a bar for what is counted. */
export interface TrainingProgress {
  readonly say: (line: string) => void;
  readonly stop: () => void;
}

/** A line that training/ writes while it counts. */
const countLine = z.object({
  event: z.literal('progress'),
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  seconds_left: z.number().default(0),
});

type Count = z.infer<typeof countLine>;

/** Returns the count in a line of the log; undefined for any other line. */
export function readCount(line: string): Count | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return countLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

const trainingFormat = '{stage} [{bar}] {percentage}% | {value} of {total} | {left} left';
const toMinutes = (seconds: number) => `${Math.ceil(seconds / 60)} min`;

function createTrainingBar(): TrainingProgress {
  const bar = new SingleBar({ format: trainingFormat, barsize: 30, hideCursor: true });
  let shown = '';
  const stop = () => {
    if (shown !== '') bar.stop();
    shown = '';
  };
  return {
    stop,
    say: (line) => {
      const count = readCount(line);
      if (!count) {
        stop();
        process.stderr.write(`${line}\n`);
        return;
      }
      const { stage, done, total, seconds_left } = count;
      if (shown !== stage) {
        stop();
        bar.start(total, done, { stage, left: toMinutes(seconds_left) });
        shown = stage;
      }
      bar.update(done, { stage, left: toMinutes(seconds_left) });
    },
  };
}

/** Shows counts as a bar on a terminal. Elsewhere it shows each line as it is. */
export const createTrainingProgress = (): TrainingProgress =>
  process.stderr.isTTY
    ? createTrainingBar()
    : { say: (line) => void process.stderr.write(`${line}\n`), stop: () => undefined };
