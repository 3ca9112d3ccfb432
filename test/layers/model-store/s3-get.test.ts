import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import {
  type Credentials,
  createGetObject,
  escapeKey,
  findS3Access,
  locateObject,
  signGet,
} from '../../../layers/model-store/s3-get.ts';

const given = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' };
const region = 'eu-west-1';

it('finds credentials and region in the environment of a Lambda function', () => {
  expect(findS3Access({ region }, given)).toEqual({ credentials, region, endpoint: undefined });
  const endpoint = 'http://127.0.0.1:5000';
  expect(findS3Access({ endpoint }, given)).toEqual({ credentials, region: 'us-east-1', endpoint });
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
  expect(findS3Access(place, environment)).toBeUndefined();
});

it.each([
  ['models', undefined, 'https://models.s3.eu-west-1.amazonaws.com/a/b%20c'],
  ['models.example', undefined, 'https://s3.eu-west-1.amazonaws.com/models.example/a/b%20c'],
  ['models', 'http://127.0.0.1:5000/', 'http://127.0.0.1:5000/models/a/b%20c'],
])('finds the bucket %s at %s', (Bucket, endpoint, address) => {
  expect(locateObject({ credentials, region, endpoint }, { Bucket, Key: 'a/b c' }).href).toBe(address);
});

/** Reads one object from a server with the given answer. Returns the text and the requests' dates. */
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
  const get = createGetObject({ credentials, region, endpoint: `http://127.0.0.1:${port}` });
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

it('follows the server’s clock after an answer shows that its own is wrong', async () => {
  const answer = (response: ServerResponse) =>
    void response.writeHead(200, { date: 'Wed, 01 Jan 2031 00:00:00 GMT', 'content-length': 0 }).end();
  const { dates } = await readFrom(answer, 2);
  expect(dates[0]).not.toMatch(/^2031/);
  expect(dates[1]).toMatch(/^20310101T0000/);
});

describe('the signature', () => {
  const time = new Date('2026-11-24T08:15:00.123Z');
  const lasting: Credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/+', sessionToken: undefined };
  const passing: Credentials = { ...lasting, sessionToken: 'token/with+signs==' };

  /** The headers that the SDK's own signer creates. */
  async function signBySdk({ protocol, host, hostname, pathname }: URL, region: string, credentials: Credentials) {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const given = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
    const { config } = new S3Client({ region, credentials: given });
    const signer = await config.signer({ name: 'sigv4', signingName: 's3', signingRegion: region, properties: {} });
    const request = { method: 'GET', protocol, hostname, path: pathname, query: {}, headers: { host } };
    return (await signer.sign(request, { signingDate: time })).headers;
  }

  it.each([
    ['a bucket in the host', 'https://models.s3.eu-west-1.amazonaws.com/current.json', 'eu-west-1', passing],
    ['lasting credentials', 'https://models.s3.us-east-1.amazonaws.com/a/current.json', 'us-east-1', lasting],
    ['another port', 'http://127.0.0.1:5000/models/versions/v/model.onnx', 'us-east-1', passing],
    [
      'a key that must be escaped',
      `https://m.s3.sa-east-1.amazonaws.com/${escapeKey("a b/é!'()*+=@:,&/x")}`,
      'sa-east-1',
      passing,
    ],
  ])('signs as the SDK does: %s', async (_, address, region, credentials) => {
    const url = new URL(address);
    expect(signGet(url, { credentials, region, time })).toEqual(await signBySdk(url, region, credentials));
  });

  it('escapes all of a key but its slashes', () => {
    expect(escapeKey("v/a b!'()*é~-_.")).toBe('v/a%20b%21%27%28%29%2A%C3%A9~-_.');
  });
});
