// The stack that builds the training image in the account: infra/training/builder.yml.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateStackCommand,
  DeleteStackCommand,
  UpdateStackCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { findStack } from './stack.mjs';

const waiter = (client) => ({ client, maxWaitTime: 600, minDelay: 2, maxDelay: 5 });
const hasNoUpdate = (error) => error.name === 'ValidationError' && /No updates/.test(error.message);

/** Makes the stack, or brings it up to date. `values` are those of its parameters, by name. */
export async function ensureBuilder(client, StackName, values) {
  const request = {
    StackName,
    TemplateBody: readFileSync(join(import.meta.dirname, 'training', 'builder.yml'), 'utf8'),
    Parameters: Object.entries(values).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    Capabilities: ['CAPABILITY_IAM'],
  };
  if (!(await findStack(client, StackName))) {
    await client.send(new CreateStackCommand({ ...request, OnFailure: 'DELETE' }));
    return waitUntilStackCreateComplete(waiter(client), { StackName });
  }
  try {
    await client.send(new UpdateStackCommand(request));
  } catch (error) {
    if (hasNoUpdate(error)) return undefined;
    throw error;
  }
  return waitUntilStackUpdateComplete(waiter(client), { StackName });
}

/** Deletes the stack, if there is one. */
export async function removeBuilder(client, StackName) {
  if (!(await findStack(client, StackName))) return;
  await client.send(new DeleteStackCommand({ StackName }));
  await waitUntilStackDeleteComplete(waiter(client), { StackName });
}
