// The account's quota of concurrent executions of Lambda. A new account has as few as 10, and a reservation that does not fit makes
// CloudFormation fail, so that a deployment reserves only what fits.
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';

/** So many executions stay for functions that reserve none. Lambda refuses reservations beyond that. */
const keptUnreserved = 100;

const listReservations = (template) =>
  Object.values(template.Resources)
    .filter(({ Type, Properties }) => Type === 'AWS::Lambda::Function' && Properties.ReservedConcurrentExecutions > 0)
    .map(({ Properties }) => Properties);

async function readReservation(client, FunctionName) {
  try {
    return (await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions ?? 0;
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return 0;
    throw error;
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * Lowers the reservations in a template to what fits into the account; one that would be 0 is left out, because a function with
 * 0 never runs. What the deployed functions have reserved counts as free.
 *
 * @param client - a client of Lambda.
 * @param template - CloudFormation's; it is changed.
 * @param warm - environments that are to be kept warm, which have to fit too.
 * @returns a sentence that says what was lowered and what to ask for, or undefined if all fits.
 * @throws Error if the warm environments do not fit.
 */
export async function fitConcurrency(client, template, warm = 0) {
  const reservations = listReservations(template);
  const wanted = Math.max(warm, sum(reservations.map((properties) => properties.ReservedConcurrentExecutions)));
  if (wanted === 0) return undefined;
  const { ConcurrentExecutions: quota, UnreservedConcurrentExecutions: unreserved } = (
    await client.send(new GetAccountSettingsCommand({}))
  ).AccountLimit;
  const own = await Promise.all(reservations.map(({ FunctionName }) => readReservation(client, FunctionName)));
  const free = unreserved + sum(own) - keptUnreserved;
  if (wanted <= free) return undefined;
  const advice =
    `the account's quota is ${quota}, and Lambda keeps ${keptUnreserved} unreserved. Ask for more: ` +
    `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value ${quota + wanted - free}`;
  const room = Math.max(0, free);
  if (warm > room) throw new Error(`provisionedConcurrency: ${warm} environments do not fit, only ${room}; ${advice}`);
  let left = room;
  for (const properties of reservations) {
    const fitting = Math.min(properties.ReservedConcurrentExecutions, left);
    left -= fitting;
    properties.ReservedConcurrentExecutions = fitting;
    if (fitting === 0) delete properties.ReservedConcurrentExecutions;
  }
  return `reservedConcurrency: ${room} of ${wanted} concurrent executions are reserved; ${advice}`;
}
