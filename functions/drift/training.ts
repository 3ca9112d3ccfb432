// Starts a training run because of drift, but not one after another.
import { type BatchClient, ListJobsCommand, SubmitJobCommand } from '@aws-sdk/client-batch';

/** Where runs are submitted. */
export interface TrainingQueue {
  readonly queue: string;
  readonly definition: string;
  /** The name of the runs that drift starts. */
  readonly name: string;
}

/**
 * Submits a training run, unless the queue still lists one of that name. Batch lists a run for a week after its end, so that
 * drift starts at most one run a week.
 *
 * @returns the run's id; undefined if there was one already.
 */
export async function submitTraining(
  batch: BatchClient,
  { queue, definition, name }: TrainingQueue,
): Promise<string | undefined> {
  const sameName = [{ name: 'JOB_NAME', values: [name] }];
  const { jobSummaryList = [] } = await batch.send(new ListJobsCommand({ jobQueue: queue, filters: sameName }));
  if (jobSummaryList.length > 0) return undefined;
  const run = { jobName: name, jobQueue: queue, jobDefinition: definition };
  return (await batch.send(new SubmitJobCommand(run))).jobId;
}
