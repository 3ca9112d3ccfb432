// Reservations against the quota of an account. moto has no quotas, so that a small server answers as Lambda does.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { fitConcurrency } from '../../infra/concurrency.mjs';

const account = { quota: 1000, unreserved: 1000, reserved: new Map<string, number>() };
const server = createServer(({ url = '' }, response) => {
  const [, name = ''] = /\/functions\/([^/]+)\/concurrency$/.exec(url) ?? [];
  const AccountLimit = { ConcurrentExecutions: account.quota, UnreservedConcurrentExecutions: account.unreserved };
  const ReservedConcurrentExecutions = account.reserved.get(name);
  const isMissing = name === 'missing';
  const headers = {
    'content-type': 'application/json',
    'x-amzn-errortype': isMissing ? 'ResourceNotFoundException' : '',
  };
  const answer = url.endsWith('/account-settings') ? { AccountLimit } : { ReservedConcurrentExecutions };
  response.writeHead(isMissing ? 404 : 200, headers).end(JSON.stringify(answer));
});
let client: LambdaClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new LambdaClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const setAccount = (quota: number, unreserved = quota, reserved: Record<string, number> = {}) =>
  Object.assign(account, { quota, unreserved, reserved: new Map(Object.entries(reserved)) });

const createTemplate = (reservations: Record<string, number>) => ({
  Resources: {
    Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
    ...Object.fromEntries(
      Object.entries(reservations).map(([FunctionName, ReservedConcurrentExecutions]) => [
        FunctionName,
        { Type: 'AWS::Lambda::Function', Properties: { FunctionName, ReservedConcurrentExecutions } },
      ]),
    ),
  },
});

async function reserve(reservations: Record<string, number>, warm = 0) {
  const template = createTemplate(reservations);
  const said = await fitConcurrency(client, template, warm);
  const { Topic: _, ...functions } = template.Resources as Record<string, { Properties: Record<string, unknown> }>;
  const left = Object.entries(functions).map(([name, one]) => [name, one.Properties.ReservedConcurrentExecutions]);
  return { said, left: Object.fromEntries(left) };
}

describe('reservations', () => {
  it('stay as they are where they fit', async () => {
    setAccount(1000);
    expect(await reserve({ missing: 20 })).toEqual({ said: undefined, left: { missing: 20 } });
  });

  it('count what the deployed function has reserved as free', async () => {
    setAccount(120, 100, { predict: 20 });
    expect(await reserve({ predict: 20 })).toEqual({ said: undefined, left: { predict: 20 } });
  });

  it('are left out of an account whose quota is 10, and a sentence says what to ask for', async () => {
    setAccount(10);
    const { said, left } = await reserve({ missing: 20 });
    expect(left).toEqual({ missing: undefined });
    expect(said).toBe(
      "reservedConcurrency: 0 of 20 concurrent executions are reserved; the account's quota is 10, and Lambda keeps 100 unreserved. Ask for more: " +
        'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 120',
    );
  });

  it('are lowered to what fits, one function after the other', async () => {
    setAccount(125);
    const { said, left } = await reserve({ missing: 20, other: 10 });
    expect(left).toEqual({ missing: 20, other: 5 });
    expect(said).toMatch(/^reservedConcurrency: 25 of 30 .* --desired-value 130$/);
  });

  it('are not asked about where there are none', async () => {
    setAccount(10);
    expect(await reserve({})).toEqual({ said: undefined, left: {} });
  });
});

it('warm environments that do not fit are refused', async () => {
  setAccount(102);
  await expect(reserve({ missing: 5 }, 3)).rejects.toThrow(
    /^provisionedConcurrency: 3 environments do not fit, only 2; the account's quota is 102/,
  );
});
