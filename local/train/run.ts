import type { BatchClient } from '@aws-sdk/client-batch';
import { DescribeJobsCommand, SubmitJobCommand } from '@aws-sdk/client-batch';
import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Deployment } from './deployment.ts';

/** A training run as Batch sees it. */
export interface RunState {
  /** SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED. */
  readonly status: string;
  readonly reason: string | undefined;
  /** 1 for the first. */
  readonly attempt: number;
  readonly exitCode: number | undefined;
  /** The log of the attempt; undefined before the container starts. */
  readonly stream: string | undefined;
}

/** Some lines of a log, and what to ask for the next ones with. */
export interface LogPage {
  readonly lines: readonly string[];
  readonly next: string | undefined;
}

/** A run that can be watched. */
export interface Run {
  readonly id: string;
  describe(): Promise<RunState>;
  /** The lines after `next`; none if the log does not exist yet. */
  readLog(stream: string, next: string | undefined): Promise<LogPage>;
}

/** The clients that a run is reached through. */
export interface RunClients {
  readonly batch: BatchClient;
  readonly logs: CloudWatchLogsClient;
}

/** Submits the stage's job; the flags, if any, follow its own command. Returns the run's id. */
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

/** A run of a stage, by its id. */
export function openRun({ batch, logs }: RunClients, { output }: Deployment, id: string): Run {
  return {
    id,
    describe: () => describeRun(batch, id),
    readLog: (stream, next) => readLog(logs, stream, [output('TrainingLogGroup'), next]),
  };
}
