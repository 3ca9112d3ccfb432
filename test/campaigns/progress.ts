// Progress of a campaign's part on standard error: a bar on a terminal, lines of JSON elsewhere.
import { SingleBar } from 'cli-progress';

/** Progress of one part. */
export interface CaseProgress {
  advance(cases: number): void;
  stop(): void;
}

interface Described {
  readonly name: string;
  readonly unit: string;
  readonly count: number;
}

const pauseMs = 10_000;

function createBar({ name, unit, count }: Described): CaseProgress {
  const format = `${name} [{bar}] {percentage} % | {value} of {total} ${unit} | {eta_formatted} left`;
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true, etaBuffer: 100 });
  bar.start(count, 0);
  return { advance: (cases) => bar.increment(cases), stop: () => bar.stop() };
}

function createLines({ name, unit, count }: Described): CaseProgress {
  const started = performance.now();
  let [done, last] = [0, started];
  const report = (now: number) => {
    last = now;
    const perSecond = Math.round(done / ((now - started) / 1000));
    process.stderr.write(`${JSON.stringify({ event: 'campaign', part: name, done, count, unit, perSecond })}\n`);
  };
  return {
    advance: (cases) => {
      done += cases;
      const now = performance.now();
      if (now - last > pauseMs) report(now);
    },
    stop: () => undefined,
  };
}

/** Shows a bar on a terminal, and lines of JSON elsewhere. */
export const createCaseProgress = (described: Described): CaseProgress =>
  process.stderr.isTTY ? createBar(described) : createLines(described);
