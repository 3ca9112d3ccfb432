import { SingleBar } from 'cli-progress';

/** What a run shows while it goes, on standard error. */
export interface Progress {
  /** Says what is done now. */
  say(sentence: string): void;
  /** Begins a stretch of so many steps. */
  begin(name: string, steps: number): void;
  /** One step of the stretch is done. */
  step(): void;
  /** Ends the stretch; the terminal is as it was. */
  end(): void;
}

const write = (text: string) => process.stderr.write(text);

/** Since the program's start. */
const tellSeconds = () => `${String(Math.round(performance.now() / 1000)).padStart(4)} s`;

function createBar(): Progress {
  const format = '{name} [{bar}] {value}/{total} | {eta_formatted} left';
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true, clearOnComplete: true });
  return {
    say: (sentence) => write(`\r\u001b[2K${sentence}\n`),
    begin: (name, steps) => bar.start(steps, 0, { name }),
    step: () => bar.increment(),
    end: () => bar.stop(),
  };
}

const silenceMs = 15_000;

/** For a log: a line when a stretch begins, and one now and then. */
function createLines(): Progress {
  let [name, steps, done, last] = ['', 0, 0, 0];
  return {
    say: (sentence) => write(`${tellSeconds()}  ${sentence}\n`),
    begin: (what, count) => {
      [name, steps, done, last] = [what, count, 0, performance.now()];
      write(`${tellSeconds()}  ${name}, ${steps} steps\n`);
    },
    step: () => {
      done += 1;
      if (performance.now() - last < silenceMs) return;
      last = performance.now();
      write(`${tellSeconds()}  ${name}, ${done} of ${steps}\n`);
    },
    end: () => undefined,
  };
}

/** Shows progress in the way that fits standard error. */
export const createProgress = (): Progress => (process.stderr.isTTY ? createBar() : createLines());
