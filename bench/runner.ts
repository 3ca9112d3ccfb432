import { SingleBar } from 'cli-progress';
import type { Bench } from './bench.ts';

/** Shows a sentence on standard error, above the progress bar if there is one. */
export function say(sentence: string): void {
  const prefix = process.stderr.isTTY ? '\r\u001b[2K' : `${Math.round(performance.now() / 1000)} s  `;
  process.stderr.write(`${prefix}${sentence}\n`);
}

/** Measures each subject in each round, in order, with a progress bar. In a log, the bar is a line every 15 seconds. */
export async function takeTurns<T>(
  name: string,
  rounds: number,
  subjects: readonly T[],
  measure: (subject: T, round: number) => Promise<void>,
): Promise<void> {
  const format = `${name} [{bar}] {value}/{total} | {eta_formatted} left`;
  const log = { noTTYOutput: true, notTTYSchedule: 15_000 };
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true, clearOnComplete: true, ...log });
  bar.start(rounds * subjects.length, 0);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const subject of subjects) {
        await measure(subject, round);
        bar.increment();
      }
    }
  } finally {
    bar.stop();
  }
}

/** The models on which the Lambda function is measured. */
export const listStores = ({ models, options }: Bench) => [
  { model: 'sample model', store: models.sample.store },
  { model: `BERT-${options.shape}`, store: models.network.store },
];
