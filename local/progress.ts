import { SingleBar } from 'cli-progress';

/** What a run says while it goes, on standard error. */
export interface Progress {
  /** Counts one row. @param share - how much of the file is read, 0 to 1. */
  step(share: number): void;
  /** Says a sentence without disturbing the bar. */
  say(sentence: string): void;
  /** Ends the bar; the terminal is as it was. */
  stop(): void;
  /** How much there was and how fast it went. */
  summarize(): string;
}

const silenceMs = 10_000;

function createClock() {
  const started = performance.now();
  const seconds = () => Math.max(0.001, (performance.now() - started) / 1000);
  let rows = 0;
  const rate = () => Math.round(rows / seconds());
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

/** A bar where somebody watches. */
function createBar(): Progress {
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

/** One object per line now and then, for a log. */
function createLines(): Progress {
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
      if (performance.now() - last > silenceMs) report(rows, share);
    },
    say: (sentence) => process.stderr.write(`${sentence}\n`),
    stop: () => undefined,
    summarize: clock.summarize,
  };
}

/** Shows progress in the way that fits standard error. */
export const createProgress = (): Progress => (process.stderr.isTTY ? createBar() : createLines());
