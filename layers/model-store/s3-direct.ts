import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { TransferError } from './errors.ts';
import type { ObjectAddress, ObjectRead, OpenedObject, S3Door, S3Environment } from './s3-client.ts';
import { type Credentials, escapeKey, signGet } from './s3-signature.ts';

/** Everything that reading an object takes when nothing has to be looked for. */
export interface DirectAccess {
  readonly credentials: Credentials;
  readonly region: string;
  readonly endpoint: string | undefined;
}

/** Regions whose S3 is under amazonaws.com: not China, not those that a government has to itself. */
const commonRegion = /^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/;

/** Settings that only the SDK understands: other credentials, other addresses. */
const forSdk = ['AWS_PROFILE', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'];

/** What the environment says about reaching S3 if that is all there is to know, as in a Lambda function; else undefined. */
export function findDirectAccess(
  { endpoint, region = endpoint && 'us-east-1' }: S3Environment,
  environment: NodeJS.ProcessEnv = process.env,
): DirectAccess | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = environment;
  if (!accessKeyId || !secretAccessKey || forSdk.some((name) => environment[name])) return undefined;
  if (!region || !(endpoint || commonRegion.test(region))) return undefined;
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN || undefined },
    region,
    endpoint,
  };
}

/** The bucket is part of the host's name, unless that would not fit the certificate; another server has it in the path. */
export function locate({ region, endpoint }: DirectAccess, { Bucket, Key }: ObjectAddress): URL {
  const server = endpoint ?? `https://s3.${region}.amazonaws.com`;
  if (endpoint || Bucket.includes('.')) return new URL(`${server.replace(/\/$/, '')}/${Bucket}/${escapeKey(Key)}`);
  return new URL(`https://${Bucket}.s3.${region}.amazonaws.com/${escapeKey(Key)}`);
}

/** S3 said no. Named like the SDK's errors, after S3's code. */
class S3AnswerError extends Error {
  override readonly name: string;
  readonly $metadata: { readonly httpStatusCode: number };

  constructor({ statusCode: status = 0, statusMessage }: IncomingMessage, body: string) {
    const read = (field: string) => new RegExp(`<${field}>([^<]*)</${field}>`).exec(body)?.[1];
    super(read('Message') ?? statusMessage);
    this.name = read('Code') ?? String(status);
    this.$metadata = { httpStatusCode: status };
  }
}

/** Passes the body on and fails at its end if it is not what S3 has stored. */
async function* checkSum(body: Readable, expected: string): AsyncGenerator<Buffer> {
  const { crc32 } = process.getBuiltinModule('node:zlib');
  let sum = 0;
  for await (const chunk of body) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (Buffer.from(expected, 'base64').readUInt32BE() !== sum) throw new TransferError('the body has another checksum');
}

/** A range carries no checksum of its own, and one of several parts' checksums is none of the whole. */
function openBody(response: IncomingMessage): Readable {
  const expected = response.headers['x-amz-checksum-crc32'];
  if (response.statusCode !== 200 || typeof expected !== 'string' || expected.includes('-')) return response;
  return Readable.from(checkSum(response, expected), { objectMode: false });
}

async function readAnswer(response: IncomingMessage): Promise<OpenedObject> {
  const { statusCode = 0, headers } = response;
  if (statusCode !== 200 && statusCode !== 206) throw new S3AnswerError(response, await readAll(response));
  const objectBytes = Number(headers['content-range']?.split('/')[1] ?? headers['content-length']);
  return { etag: headers.etag ?? '', body: openBody(response), objectBytes };
}

const conditionsOf = ({ Range, IfMatch, IfNoneMatch }: ObjectRead) => ({
  ...(Range === undefined ? { 'x-amz-checksum-mode': 'ENABLED' } : { range: Range }),
  ...(IfMatch !== undefined && { 'if-match': IfMatch }),
  ...(IfNoneMatch !== undefined && { 'if-none-match': IfNoneMatch }),
});

/** Milliseconds by which this clock is behind S3's, if that is more than a signature survives (15 minutes) with room. */
function measureSkew({ date = '' }: IncomingHttpHeaders): number {
  const skewMs = Date.parse(date) - Date.now();
  return Math.abs(skewMs) > 5 * 60_000 ? skewMs : 0;
}

/**
 * Creates what reads objects with nothing but Node: what the SDK does for this takes 40 ms to load and 20 ms for its first
 * request, and a cold start waits for both before it can ask for a byte.
 */
export function createDirectGet(access: DirectAccess): S3Door['get'] {
  // Not imported: an import reads all that a module exports, and with node:http that loads the whole of fetch, 20 ms of it.
  const protocol = access.endpoint?.startsWith('http:') ? 'node:http' : 'node:https';
  const { Agent, request: open } = process.getBuiltinModule(protocol);
  const agent = new Agent({ keepAlive: true });
  let skewMs = 0;
  return (address, read, signal) =>
    new Promise((resolve, reject) => {
      const url = locate(access, address);
      const time = new Date(Date.now() + skewMs);
      const headers = { ...signGet(url, { ...access, time }), ...conditionsOf(read) };
      const request = open(url, { agent, headers, signal });
      request.on('response', (response) => {
        skewMs = measureSkew(response.headers);
        resolve(readAnswer(response));
      });
      request.on('error', reject);
      request.end();
    });
}
