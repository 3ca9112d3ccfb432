import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** A deployed stage, with the outputs of its CloudFormation stack. */
export interface Deployment {
  readonly stage: string;
  /** Returns an output's value. Throws an Error that says what to deploy if the stage does not have it. */
  output(name: string): string;
}

const advice: Readonly<Record<string, string>> = {
  BulkScale: 'It was deployed without files in bulk: --param bulk=on adds them.',
  KeysParameter: 'It was deployed without keys: --param authorizer=key asks callers for one.',
  StreamQueueUrl: 'It was deployed without the queue: --param stream=on adds it.',
  StreamDeadLettersUrl: 'It was deployed without the queue: --param stream=on adds it.',
  StreamResultsUri: 'It was deployed without the queue: --param stream=on adds it.',
  TrainingQueue: 'It was deployed without training; docs/deploy.md, "Training", says how to add it.',
  TrainingJob: 'It was deployed without training; docs/deploy.md, "Training", says how to add it.',
};

const isMissing = (error: unknown) =>
  error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);

async function readOutputs(client: CloudFormationClient, StackName: string): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  return new Map(Stacks[0]?.Outputs?.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

/** Finds a stage. Throws an Error in one sentence if it is not deployed in this account and region. */
export async function findDeployment(stage: string, client = new CloudFormationClient()): Promise<Deployment> {
  const stack = `serverless-bert-${stage}`;
  const outputs = await readOutputs(client, stack).catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    const region = await client.config.region();
    throw new Error(
      `Stage ${stage} is not deployed in ${region} (no stack ${stack}): npx serverless deploy --stage ${stage}.`,
    );
  });
  return {
    stage,
    output: (name) => {
      const value = outputs.get(name);
      if (value) return value;
      throw new Error(`Stage ${stage} has no ${name}. ${advice[name] ?? 'Deploy it again.'}`);
    },
  };
}
