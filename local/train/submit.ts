// `npm run train:submit`: starts a training run in a deployed stage and follows it.
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient } from '@aws-sdk/client-batch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { UsageError } from '../command-line.ts';
import { findDeployment } from './deployment.ts';
import { followRun } from './follow.ts';
import { explain, whileListening } from './process.ts';
import { openRun, submitRun } from './run.ts';
import { createRunDisplay } from './run-display.ts';
import { readSubmitOptions, type SubmitOptions, usage } from './submit-options.ts';

const pauseMs = 5000;

async function start({ stage, follow, flags, detach }: SubmitOptions, signal: AbortSignal): Promise<number> {
  const deployment = await findDeployment(stage);
  const clients = { batch: new BatchClient(), logs: new CloudWatchLogsClient() };
  const id = follow ?? (await submitRun(clients.batch, deployment, flags));
  const again = `npm run train:submit -- --stage ${stage} --follow ${id}`;
  process.stdout.write(`Run ${id}. To follow it again: ${again}\n`);
  if (detach) return 0;
  const { say, stop } = createRunDisplay();
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

/** Returns the exit code. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readSubmitOptions(process.argv.slice(2));
  if (!options.help) return start(options, signal);
  process.stdout.write(usage);
  return 0;
}

process.exitCode = await whileListening((signal) =>
  main(signal).catch((error: unknown) => explain(error, error instanceof UsageError ? 2 : 1)),
);
