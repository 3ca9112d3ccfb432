// A stack of CloudFormation, if it is there.
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** The stack, or undefined. */
export async function findStack(client, StackName) {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks.find(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
  } catch (error) {
    if (error.name === 'ValidationError' && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

/** An output of the stack; undefined if the stack or the output does not exist. */
export const readOutput = async (client, StackName, key) =>
  (await findStack(client, StackName))?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
