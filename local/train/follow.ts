import type { Run, RunState } from './run.ts';

/** How a run is followed. */
export interface Following {
  /** Hears each sentence about the run, and each line of its log. */
  readonly say: (line: string) => void;
  /** Waits until the run is worth another look. Rejects when the following is to end. */
  readonly pause: () => Promise<void>;
}

interface Place {
  readonly stream: string;
  readonly next: string | undefined;
}

const waiting: Readonly<Record<string, string>> = {
  SUBMITTED: 'submitted',
  PENDING: 'waits for Batch',
  RUNNABLE: 'waits for a machine, or for another run to end',
  STARTING: 'has a machine, which loads the image',
  RUNNING: 'runs',
  SUCCEEDED: 'has ended well',
  FAILED: 'has failed',
};

const describeState = ({ status, reason, attempt, exitCode }: RunState) =>
  [
    `Run ${waiting[status] ?? status}`,
    attempt > 1 ? `, attempt ${attempt}` : '',
    reason ? `: ${reason}` : '',
    exitCode === undefined ? '' : ` (exit code ${exitCode})`,
  ].join('');

const isOver = ({ status }: RunState) => status === 'SUCCEEDED' || status === 'FAILED';

/** Says what is new in the log; a new attempt has a log of its own, which is read from its start. */
async function sayNews(
  run: Run,
  stream: string,
  { from, say }: { from: Place | undefined; say: Following['say'] },
): Promise<Place> {
  let place: Place = from?.stream === stream ? from : { stream, next: undefined };
  for (;;) {
    const { lines, next } = await run.readLog(stream, place.next);
    for (const line of lines) say(line);
    // CloudWatch gives the token that it was asked with when there is no more.
    if (next === place.next || lines.length === 0) return { stream, next };
    place = { stream, next };
  }
}

/**
 * Follows a run to its end: says each change of its state and every line of its log.
 *
 * @returns the run's exit code; 1 if it failed without one, as when no machine was found.
 */
export async function followRun(run: Run, { say, pause }: Following): Promise<number> {
  let told = '';
  let place: Place | undefined;
  for (;;) {
    const state = await run.describe();
    const sentence = describeState(state);
    if (sentence !== told && !isOver(state)) say(sentence);
    told = sentence;
    if (state.stream) place = await sayNews(run, state.stream, { from: place, say });
    if (isOver(state)) {
      say(sentence);
      return state.status === 'SUCCEEDED' ? 0 : state.exitCode || 1;
    }
    await pause();
  }
}
