import { S3Client } from '@aws-sdk/client-s3';
import { type Credentials, escapeKey, signGet } from '../../../layers/model-store/s3-signature.ts';

const time = new Date('2026-11-24T08:15:00.123Z');
const lasting: Credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/+', sessionToken: undefined };
const passing: Credentials = { ...lasting, sessionToken: 'token/with+signs==' };

/** What the SDK's own signer says of the same headers. */
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
