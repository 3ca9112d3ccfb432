// `npm run train:submit`: starts a training run in a deployed stage and follows it.
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient } from '@aws-sdk/client-batch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { createCommand, createStopSignal, runCommand, UsageError } from './command-line.ts';
import { findDeployment } from './deployment.ts';
import { createTrainingProgress } from './progress.ts';
import { followRun, openRun, submitRun } from './training-run.ts';

/** The options of `npm run train:submit`. */
export interface SubmitOptions {
  readonly stage: string;
  /** Start the run and leave. */
  readonly detach: boolean;
  /** Follow this run instead of starting one. */
  readonly follow?: string;
  /** Flags for train.py, after the second `--`. */
  readonly flags: readonly string[];
}

const notes = `
Flags after a second -- go to train.py and take the place of those of the parameter trainingArguments:
  npm run train:submit -- --stage prod -- --epochs 3

Ctrl-C ends the following, not the run. Exit code: the run's own (0 published, 3 refused by its gate).
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readSubmitOptions(args: readonly string[]): SubmitOptions {
  const separator = args.indexOf('--');
  const [own, flags] = separator < 0 ? [args, []] : [args.slice(0, separator), args.slice(separator + 1)];
  const options = createCommand(
    'npm run train:submit --',
    'Starts a training run in a deployed stage and follows it: state, log, progress, result.',
  )
    .usage('[options] [-- flags for train.py]')
    .option('--stage <name>', 'the stage to train in', 'dev')
    .option('--detach', 'start the run and leave')
    .option('--follow <id>', 'follow a run that was started before')
    .addHelpText('after', notes)
    .parse(own, { from: 'user' })
    .opts<Omit<SubmitOptions, 'flags' | 'detach'> & { readonly detach?: true }>();
  if (options.follow !== undefined && (options.detach || flags.length > 0))
    throw new UsageError('--follow takes neither --detach nor flags for train.py: that run has started already.');
  return { ...options, detach: options.detach ?? false, flags };
}

const pauseMs = 5000;

/** Returns the exit code. */
async function submit(args: readonly string[]): Promise<number> {
  const { stage, follow, flags, detach } = readSubmitOptions(args);
  const signal = createStopSignal();
  const deployment = await findDeployment(stage);
  const clients = { batch: new BatchClient(), logs: new CloudWatchLogsClient() };
  const id = follow ?? (await submitRun(clients.batch, deployment, flags));
  const again = `npm run train:submit -- --stage ${stage} --follow ${id}`;
  process.stdout.write(`Run ${id}. To follow it again: ${again}\n`);
  if (detach) return 0;
  const { say, stop } = createTrainingProgress();
  try {
    return await followRun(openRun(clients, deployment, id), {
      say,
      pause: () => sleep(pauseMs, undefined, { signal }),
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`The run goes on. To end it: aws batch terminate-job --job-id ${id} --reason stopped`);
  } finally {
    stop();
  }
}

await runCommand(import.meta.url, submit);
