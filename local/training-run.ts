// A training run in AWS Batch: submitted, described, and followed to its end with its log.
import type { BatchClient } from '@aws-sdk/client-batch';
import { DescribeJobsCommand, SubmitJobCommand } from '@aws-sdk/client-batch';
import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Deployment } from './deployment.ts';

/** A training run as Batch sees it. */
export interface RunState {
  /** SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED. */
  readonly status: string;
  readonly reason: string | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly exitCode: number | undefined;
  /** Log stream of the attempt; undefined before the container starts. */
  readonly stream: string | undefined;
}

/** Some lines of a log, and the token for the next ones. */
export interface LogPage {
  readonly lines: readonly string[];
  readonly next: string | undefined;
}

/** A run that can be followed. */
export interface Run {
  readonly id: string;
  describe(): Promise<RunState>;
  /** Reads the lines after `next`. There are none if the log does not exist yet. */
  readLog(stream: string, next: string | undefined): Promise<LogPage>;
}

/** The AWS clients for a run. */
export interface RunClients {
  readonly batch: BatchClient;
  readonly logs: CloudWatchLogsClient;
}

/** Submits the stage's training job. The flags, if any, go to train.py. Returns the run's id. */
export async function submitRun(
  batch: BatchClient,
  { stage, output }: Deployment,
  flags: readonly string[],
): Promise<string> {
  const command = ['python3', 'train.py', ...flags];
  const { jobId = '' } = await batch.send(
    new SubmitJobCommand({
      jobName: `serverless-bert-${stage}-by-hand`,
      jobQueue: output('TrainingQueue'),
      jobDefinition: output('TrainingJob'),
      ...(flags.length > 0 ? { containerOverrides: { command } } : {}),
    }),
  );
  return jobId;
}

async function describeRun(batch: BatchClient, id: string): Promise<RunState> {
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [id] }));
  const [job] = jobs;
  if (!job) throw new Error(`There is no run ${id} in this account and region; Batch forgets runs after a week.`);
  return {
    status: job.status ?? 'SUBMITTED',
    reason: job.statusReason,
    attempt: Math.max(1, (job.attempts?.length ?? 0) + (job.stoppedAt ? 0 : 1)),
    exitCode: job.container?.exitCode,
    stream: job.container?.logStreamName,
  };
}

async function readLog(
  logs: CloudWatchLogsClient,
  logStreamName: string,
  [logGroupName, nextToken]: [string, string | undefined],
) {
  try {
    const request = { logGroupName, logStreamName, startFromHead: true, ...(nextToken ? { nextToken } : {}) };
    const { events = [], nextForwardToken } = await logs.send(new GetLogEventsCommand(request));
    return { lines: events.map(({ message = '' }) => message), next: nextForwardToken };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return { lines: [], next: nextToken };
    throw error;
  }
}

/** Returns the run of a stage with this id. */
export function openRun({ batch, logs }: RunClients, { output }: Deployment, id: string): Run {
  return {
    id,
    describe: () => describeRun(batch, id),
    readLog: (stream, next) => readLog(logs, stream, [output('TrainingLogGroup'), next]),
  };
}

/** What following a run needs. */
export interface Following {
  /** Called with each sentence about the run and each line of its log. */
  readonly say: (line: string) => void;
  /** Waits before the next look at the run. Rejects to end the following. */
  readonly pause: () => Promise<void>;
}

/** A position in a log. */
interface Position {
  readonly stream: string;
  readonly next: string | undefined;
}

const stateWords: Readonly<Record<string, string>> = {
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
    `Run ${stateWords[status] ?? status}`,
    attempt > 1 ? `, attempt ${attempt}` : '',
    reason ? `: ${reason}` : '',
    exitCode === undefined ? '' : ` (exit code ${exitCode})`,
  ].join('');

const isOver = ({ status }: RunState) => status === 'SUCCEEDED' || status === 'FAILED';

/** Says the new lines of the log. A new attempt has a log of its own, which is read from its start. */
async function sayNewLines(
  run: Run,
  stream: string,
  { from, say }: { from: Position | undefined; say: Following['say'] },
): Promise<Position> {
  let position: Position = from?.stream === stream ? from : { stream, next: undefined };
  for (;;) {
    const { lines, next } = await run.readLog(stream, position.next);
    for (const line of lines) say(line);
    // CloudWatch returns the same token at the end of the log.
    if (next === position.next || lines.length === 0) return { stream, next };
    position = { stream, next };
  }
}

/**
 * Follows a run to its end. Says each change of its state and every line of its log.
 *
 * @returns the run's exit code; 1 if it failed without one, as when no machine was found.
 */
export async function followRun(run: Run, { say, pause }: Following): Promise<number> {
  let said = '';
  let position: Position | undefined;
  for (;;) {
    const state = await run.describe();
    const sentence = describeState(state);
    if (sentence !== said && !isOver(state)) say(sentence);
    said = sentence;
    if (state.stream) position = await sayNewLines(run, state.stream, { from: position, say });
    if (isOver(state)) {
      say(sentence);
      return state.status === 'SUCCEEDED' ? 0 : state.exitCode || 1;
    }
    await pause();
  }
}
