import { BatchClient, DescribeJobsCommand } from '@aws-sdk/client-batch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { followRun, openRun, type Run, type RunState, submitRun } from '../../local/training-run.ts';
import { makeTrainingQueue } from './training-queue.ts';

const state = (status: string, more: Partial<RunState> = {}): RunState => ({
  status,
  reason: undefined,
  attempt: 1,
  exitCode: undefined,
  stream: undefined,
  ...more,
});

/** A run that takes the next state at each look. The log of a stream grows by one page at each look. */
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
  const printed: string[] = [];
  const code = await followRun(run, { say: (line) => printed.push(line), pause: async () => undefined });
  return { code, printed };
};

describe('following a run', () => {
  it('prints each change once, every line of the log in order, and the end last', async () => {
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
      printed: [
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
    const { printed } = await follow(run);
    expect(printed).toEqual([
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
    const { printed, code: found } = await follow(createRun([last]));
    expect(found).toBe(code);
    expect(printed.at(-1)).toContain(`Run has failed: ${last.reason}`);
  });

  it('ends when the pause rejects, and does not end the run', async () => {
    const stopped = new Error('Stopped.');
    const following = { say: () => undefined, pause: () => Promise.reject(stopped) };
    await expect(followRun(createRun([state('RUNNABLE')]), following)).rejects.toBe(stopped);
  });
});

const endpoint = process.env.TEST_S3_ENDPOINT ?? '';
const configuration = { endpoint, region: 'us-west-2' };
const batch = new BatchClient(configuration);
const logs = new CloudWatchLogsClient(configuration);
const outputs: Record<string, string> = { TrainingLogGroup: '/aws/batch/serverless-bert-dev' };
const deployment = { stage: 'dev', output: (name: string) => outputs[name] ?? '' };

beforeAll(async () => {
  const { queue, definition } = await makeTrainingQueue(configuration);
  outputs.TrainingQueue = queue;
  outputs.TrainingJob = definition;
});

const commandOf = async (id: string) =>
  (await batch.send(new DescribeJobsCommand({ jobs: [id] }))).jobs?.[0]?.container?.command;

describe('a run', () => {
  it("is the stage's job in the stage's queue", async () => {
    const id = await submitRun(batch, deployment, []);
    const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [id] }));
    expect(jobs[0]).toMatchObject({
      jobName: 'serverless-bert-dev-by-hand',
      jobQueue: outputs.TrainingQueue,
      jobDefinition: outputs.TrainingJob,
    });
  });

  it('takes flags for train.py', async () => {
    const id = await submitRun(batch, deployment, ['--epochs', '3']);
    expect(await commandOf(id)).toEqual(['python3', 'train.py', '--epochs', '3']);
  });

  it('is followed to its end', async () => {
    const run = openRun({ batch, logs }, deployment, await submitRun(batch, deployment, []));
    const printed: string[] = [];
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 200));
    expect(await followRun(run, { say: (line) => printed.push(line), pause })).toBe(0);
    expect(printed.at(-1)).toContain('Run has ended well');
  });

  it('with an unknown id is refused in one sentence', async () => {
    await expect(openRun({ batch, logs }, deployment, 'nothing').describe()).rejects.toThrow('There is no run nothing');
  });
});

describe('the log of a run', () => {
  const run = openRun({ batch, logs }, deployment, 'run');
  const logGroupName = outputs.TrainingLogGroup ?? '';

  it('is empty before it exists', async () => {
    expect(await run.readLog('training/none', undefined)).toEqual({ lines: [], next: undefined });
  });

  it('is read from the last position', async () => {
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }));
    const put = (message: string) =>
      logs.send(
        new PutLogEventsCommand({ logGroupName, logStreamName: 's', logEvents: [{ timestamp: Date.now(), message }] }),
      );
    await put('one');
    const first = await run.readLog('s', undefined);
    await put('two');
    expect(first.lines).toEqual(['one']);
    expect((await run.readLog('s', first.next)).lines).toEqual(['two']);
  });
});
