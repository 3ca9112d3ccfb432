import { followRun } from '../../../local/train/follow.ts';
import type { Run, RunState } from '../../../local/train/run.ts';
import { readProgress } from '../../../local/train/run-display.ts';

const state = (status: string, more: Partial<RunState> = {}): RunState => ({
  status,
  reason: undefined,
  attempt: 1,
  exitCode: undefined,
  stream: undefined,
  ...more,
});

/** A run that goes through the states, one at each look; the log of a stream grows by one page at each look, too. */
const createRun = (
  states: readonly RunState[],
  logs: Readonly<Record<string, readonly (readonly string[])[]>> = {},
): Run => {
  let looks = 0;
  return {
    id: 'run',
    describe: async () => states[Math.min(looks++, states.length - 1)] ?? state('FAILED'),
    readLog: async (stream, next) => {
      const page = Number(next ?? 0);
      const lines = page < looks ? (logs[stream]?.[page] ?? []) : [];
      return { lines, next: lines.length > 0 ? String(page + 1) : next };
    },
  };
};

const follow = async (run: Run) => {
  const said: string[] = [];
  const code = await followRun(run, { say: (line) => said.push(line), pause: async () => undefined });
  return { code, said };
};

describe('following a run', () => {
  it('says each change once, every line of the log in order, and the end last', async () => {
    const running = state('RUNNING', { stream: 'a' });
    const run = createRun(
      [
        state('SUBMITTED'),
        state('RUNNABLE'),
        state('RUNNABLE'),
        running,
        running,
        state('SUCCEEDED', { stream: 'a', exitCode: 0 }),
      ],
      { a: [['one', 'two'], ['three']] },
    );
    expect(await follow(run)).toEqual({
      code: 0,
      said: [
        'Run submitted',
        'Run waits for a machine, or for another run to end',
        'Run runs',
        'one',
        'two',
        'three',
        'Run has ended well (exit code 0)',
      ],
    });
  });

  it('reads the log of a new attempt from its start', async () => {
    const run = createRun(
      [
        state('RUNNING', { stream: 'a' }),
        state('RUNNABLE', { attempt: 2, reason: 'Host EC2 (instance i-1) terminated.' }),
        state('RUNNING', { stream: 'b', attempt: 2 }),
        state('SUCCEEDED', { stream: 'b', attempt: 2 }),
      ],
      { a: [['first']], b: [['again'], ['done']] },
    );
    const { said } = await follow(run);
    expect(said).toEqual([
      'Run runs',
      'first',
      'Run waits for a machine, or for another run to end, attempt 2: Host EC2 (instance i-1) terminated.',
      'Run runs, attempt 2',
      'again',
      'done',
      'Run has ended well, attempt 2',
    ]);
  });

  it.each([
    [
      "the run's own code, as the gate's",
      state('FAILED', { exitCode: 3, reason: 'Essential container in task exited' }),
      3,
    ],
    ['1 where the run never started', state('FAILED', { reason: 'no capacity' }), 1],
  ])('ends with %s', async (_what, last, code) => {
    const { said, code: found } = await follow(createRun([last]));
    expect(found).toBe(code);
    expect(said.at(-1)).toContain(`Run has failed: ${last.reason}`);
  });

  it('ends when the pause does, and leaves the run alone', async () => {
    const stopped = new Error('Stopped.');
    const following = { say: () => undefined, pause: () => Promise.reject(stopped) };
    await expect(followRun(createRun([state('RUNNABLE')]), following)).rejects.toBe(stopped);
  });
});

describe('a line of the log', () => {
  it('is a count when training counts', () => {
    const line =
      '{"time":"2026-11-23T08:15:00+00:00","event":"progress","stage":"epoch 1","done":3,"total":10,"seconds_left":70}';
    expect(readProgress(line)).toEqual({ event: 'progress', stage: 'epoch 1', done: 3, total: 10, seconds_left: 70 });
  });

  it.each(['Downloading', '{"event":"evaluated","accuracy":0.9}', '{"event":"progress"}', '{broken'])(
    'is a line when it is anything else: %s',
    (line) => {
      expect(readProgress(line)).toBeUndefined();
    },
  );
});
