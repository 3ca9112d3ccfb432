// What a deployed stack says of itself.
const { DescribeStacksCommand } = require('@aws-sdk/client-cloudformation');

const isMissing = (error) => error.name === 'ValidationError' && /does not exist/.test(error.message);

/** An output of the stack; undefined where there is no such stack or output. */
async function readOutput(client, StackName, key) {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

module.exports = { readOutput };
