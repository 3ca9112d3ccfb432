import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand,
} from '@aws-sdk/client-batch';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';

/** How the tests reach moto. Each test file has a region of its own. */
interface Configuration {
  readonly endpoint: string;
  readonly region: string;
}

/** moto then runs no container, and its jobs succeed at once. */
const leaveDockerAlone = ({ endpoint }: Configuration) =>
  fetch(`${endpoint}/moto-api/config`, { method: 'POST', body: JSON.stringify({ batch: { use_docker: false } }) });

async function createQueue(batch: BatchClient, configuration: Configuration): Promise<string> {
  const role = { RoleName: `batch-${configuration.region}`, AssumeRolePolicyDocument: '{}' };
  const { Role } = await new IAMClient(configuration).send(new CreateRoleCommand(role));
  const environment = { computeEnvironmentName: 'environment', type: 'UNMANAGED' as const, serviceRole: Role?.Arn };
  await batch.send(new CreateComputeEnvironmentCommand(environment));
  const order = [{ order: 1, computeEnvironment: 'environment' }];
  const queue = { jobQueueName: 'queue', priority: 1, state: 'ENABLED' as const, computeEnvironmentOrder: order };
  return (await batch.send(new CreateJobQueueCommand(queue))).jobQueueArn ?? '';
}

async function registerJob(batch: BatchClient): Promise<string> {
  const containerProperties = {
    image: 'bert',
    command: ['python3', 'train.py'],
    resourceRequirements: [
      { type: 'VCPU' as const, value: '1' },
      { type: 'MEMORY' as const, value: '2048' },
    ],
  };
  const definition = { jobDefinitionName: 'job', type: 'container' as const, containerProperties };
  return (await batch.send(new RegisterJobDefinitionCommand(definition))).jobDefinitionArn ?? '';
}

/** Makes a queue and a job definition in moto, as a deployment with training has them. Returns their ARNs. */
export async function makeTrainingQueue(
  configuration: Configuration,
): Promise<{ readonly queue: string; readonly definition: string }> {
  await leaveDockerAlone(configuration);
  const batch = new BatchClient(configuration);
  return { queue: await createQueue(batch, configuration), definition: await registerJob(batch) };
}
