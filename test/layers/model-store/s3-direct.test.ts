import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createDirectGet, findDirectAccess, locate } from '../../../layers/model-store/s3-direct.ts';

const given = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' };
const region = 'eu-west-1';

it('takes what a Lambda function is told', () => {
  expect(findDirectAccess({ region }, given)).toEqual({ credentials, region, endpoint: undefined });
  const endpoint = 'http://127.0.0.1:5000';
  expect(findDirectAccess({ endpoint }, given)).toEqual({ credentials, region: 'us-east-1', endpoint });
});

it.each([
  ['credentials that must be looked for', { region }, {}],
  ['half of the credentials', { region }, { AWS_ACCESS_KEY_ID: 'id' }],
  ['a profile', { region }, { ...given, AWS_PROFILE: 'team' }],
  ['other addresses', { region }, { ...given, AWS_USE_FIPS_ENDPOINT: 'true' }],
  ['no region', {}, given],
  ['a region of its own kind', { region: 'cn-north-1' }, given],
  ['a government’s region', { region: 'us-gov-west-1' }, given],
  ['an unknown region', { region: 'eusc-de-east-1' }, given],
])('leaves to the SDK: %s', (_, place, environment) => {
  expect(findDirectAccess(place, environment)).toBeUndefined();
});

it.each([
  ['models', undefined, 'https://models.s3.eu-west-1.amazonaws.com/a/b%20c'],
  ['models.example', undefined, 'https://s3.eu-west-1.amazonaws.com/models.example/a/b%20c'],
  ['models', 'http://127.0.0.1:5000/', 'http://127.0.0.1:5000/models/a/b%20c'],
])('finds the bucket %s at %s', (Bucket, endpoint, address) => {
  expect(locate({ credentials, region, endpoint }, { Bucket, Key: 'a/b c' }).href).toBe(address);
});

/** Reads one object from a server that answers as told: its status, and what the request's date was. */
async function readFrom(answer: (response: ServerResponse) => void, times = 1) {
  const dates: string[] = [];
  const server = createServer((request, response) => {
    dates.push(String(request.headers['x-amz-date']));
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const get = createDirectGet({ credentials, region, endpoint: `http://127.0.0.1:${port}` });
  try {
    let read = '';
    const { signal } = new AbortController();
    for (let time = 0; time < times; time++) read = await text((await get({ Bucket: 'b', Key: 'k' }, {}, signal)).body);
    return { read, dates };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const withSum = (sum: string) => (response: ServerResponse) =>
  void response.writeHead(200, { 'x-amz-checksum-crc32': sum, 'content-length': 5 }).end('hello');

it('refuses a text whose bytes are not those that S3 has stored', async () => {
  await expect(readFrom(withSum('NhCmhg=='))).resolves.toMatchObject({ read: 'hello' });
  await expect(readFrom(withSum('AAAAAA=='))).rejects.toMatchObject({ name: 'TransferError' });
  await expect(readFrom(withSum('AAAAAA==-2'))).resolves.toMatchObject({ read: 'hello' });
});

it('goes by the server’s clock after it has seen that its own is wrong', async () => {
  const answer = (response: ServerResponse) =>
    void response.writeHead(200, { date: 'Wed, 01 Jan 2031 00:00:00 GMT', 'content-length': 0 }).end();
  const { dates } = await readFrom(answer, 2);
  expect(dates[0]).not.toMatch(/^2031/);
  expect(dates[1]).toMatch(/^20310101T0000/);
});
