import { SingleBar } from 'cli-progress';
import { z } from 'zod';

/** Shows the lines of a run: words, and a bar for what is counted. */
export interface RunDisplay {
  readonly say: (line: string) => void;
  readonly stop: () => void;
}

/** What training/progress.py writes while it counts. */
const progressLine = z.object({
  event: z.literal('progress'),
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  seconds_left: z.number().default(0),
});

type Progress = z.infer<typeof progressLine>;

/** The count that a line of the log carries; undefined for any other line. */
export function readProgress(line: string): Progress | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return progressLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

const format = '{stage} [{bar}] {percentage}% | {value} of {total} | {left} left';
const toMinutes = (seconds: number) => `${Math.ceil(seconds / 60)} min`;

function createBarDisplay(): RunDisplay {
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true });
  let shown = '';
  const stop = () => {
    if (shown !== '') bar.stop();
    shown = '';
  };
  return {
    stop,
    say: (line) => {
      const progress = readProgress(line);
      if (!progress) {
        stop();
        process.stderr.write(`${line}\n`);
        return;
      }
      const { stage, done, total, seconds_left } = progress;
      if (shown !== stage) {
        stop();
        bar.start(total, done, { stage, left: toMinutes(seconds_left) });
        shown = stage;
      }
      bar.update(done, { stage, left: toMinutes(seconds_left) });
    },
  };
}

/** A bar and words where somebody watches, the lines as they are elsewhere. */
export const createRunDisplay = (): RunDisplay =>
  process.stderr.isTTY
    ? createBarDisplay()
    : { say: (line) => void process.stderr.write(`${line}\n`), stop: () => undefined };
