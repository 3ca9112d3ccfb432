import { BatchClient, DescribeJobsCommand, SubmitJobCommand } from '@aws-sdk/client-batch';
import { submitTraining, type TrainingQueue } from '../../../functions/drift/training.ts';
import { makeTrainingQueue } from '../../local/training-queue.ts';
import { findEndpoint } from '../../s3/buckets.ts';

const configuration = { endpoint: findEndpoint(), region: 'us-east-2' };
const batch = new BatchClient(configuration);
let training: TrainingQueue;
beforeAll(async () => {
  training = { ...(await makeTrainingQueue(configuration)), name: 'serverless-bert-dev-drift' };
});

it('submits one run while Batch lists it, beside runs that others have started', async () => {
  const { queue: jobQueue, definition: jobDefinition } = training;
  await batch.send(new SubmitJobCommand({ jobName: 'serverless-bert-dev-scheduled', jobQueue, jobDefinition }));
  const run = await submitTraining(batch, training);
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [run ?? ''] }));
  expect(jobs).toMatchObject([{ jobName: 'serverless-bert-dev-drift', jobQueue, jobDefinition }]);
  expect(await submitTraining(batch, training)).toBeUndefined();
});
