/**
 * Reads objects from S3 with nothing but Node, the signature included. The AWS SDK takes 40 ms to load and 20 ms for
 * its first request, and a cold start would wait for both: docs/decisions/0040-reading-s3-without-the-sdk.md.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { TransferError } from './errors.ts';

/** Which object. */
export interface ObjectAddress {
  readonly Bucket: string;
  readonly Key: string;
}

/** Which bytes of an object, and on which condition. */
export interface ObjectRead {
  readonly Range?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** An answer whose body has yet to be read. */
export interface OpenedObject {
  readonly etag: string;
  readonly body: Readable;
  /** Length of the whole object. The body may be only a range of it. */
  readonly objectBytes: number;
}

/** Reads one object, without any retry. */
export type GetObject = (address: ObjectAddress, read: ObjectRead, signal: AbortSignal) => Promise<OpenedObject>;

/** What the environment says about reaching S3. The SDK finds credentials and shared configuration files by itself. */
export interface S3Environment {
  /** URL of a server other than AWS's own. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** An account's credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary credentials have a token. */
  readonly sessionToken: string | undefined;
}

/** Everything that it takes to read an object. */
export interface S3Access {
  readonly credentials: Credentials;
  readonly region: string;
  readonly endpoint: string | undefined;
}

/** Regions whose S3 is under amazonaws.com. China and the government regions are not. */
const commonRegion = /^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/;

/** Settings that only the SDK understands: other credentials, other addresses. */
const sdkSettings = ['AWS_PROFILE', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'];

/**
 * Finds the access to S3 in the environment, as in a Lambda function. Returns undefined if only the SDK can find it.
 */
export function findS3Access(
  { endpoint, region = endpoint && 'us-east-1' }: S3Environment,
  environment: NodeJS.ProcessEnv = process.env,
): S3Access | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = environment;
  if (!accessKeyId || !secretAccessKey || sdkSettings.some((name) => environment[name])) return undefined;
  if (!region || !(endpoint || commonRegion.test(region))) return undefined;
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN || undefined },
    region,
    endpoint,
  };
}

/** Creates a function that reads objects. It keeps its connections open, and follows the server's clock. */
export function createGetObject(access: S3Access): GetObject {
  // Not imported: an import reads all that a module exports, and for node:http that loads the whole of fetch, which
  // takes 20 ms.
  const protocol = access.endpoint?.startsWith('http:') ? 'node:http' : 'node:https';
  const { Agent, request: open } = process.getBuiltinModule(protocol);
  const agent = new Agent({ keepAlive: true });
  let skewMs = 0;
  return (address, read, signal) =>
    new Promise((resolve, reject) => {
      const url = locateObject(access, address);
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

/**
 * The URL of an object. The bucket is part of the host's name unless it has a dot, which would not fit the certificate.
 * A server other than AWS's has the bucket in the path.
 */
export function locateObject({ region, endpoint }: S3Access, { Bucket, Key }: ObjectAddress): URL {
  const server = endpoint ?? `https://s3.${region}.amazonaws.com`;
  if (endpoint || Bucket.includes('.')) return new URL(`${server.replace(/\/$/, '')}/${Bucket}/${escapeKey(Key)}`);
  return new URL(`https://${Bucket}.s3.${region}.amazonaws.com/${escapeKey(Key)}`);
}

/** Escapes a key for a URL: everything but letters, digits, `-_.~` and the slashes. */
export const escapeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');

const conditionsOf = ({ Range, IfMatch, IfNoneMatch }: ObjectRead) => ({
  ...(Range === undefined ? { 'x-amz-checksum-mode': 'ENABLED' } : { range: Range }),
  ...(IfMatch !== undefined && { 'if-match': IfMatch }),
  ...(IfNoneMatch !== undefined && { 'if-none-match': IfNoneMatch }),
});

/**
 * Milliseconds by which this clock is behind S3's if they differ by more than 5 minutes, else 0. A signature allows for
 * 15.
 */
function measureSkew({ date = '' }: IncomingHttpHeaders): number {
  const skewMs = Date.parse(date) - Date.now();
  return Math.abs(skewMs) > 5 * 60_000 ? skewMs : 0;
}

async function readAnswer(response: IncomingMessage): Promise<OpenedObject> {
  const { statusCode = 0, headers } = response;
  if (statusCode !== 200 && statusCode !== 206) throw new S3AnswerError(response, await readAll(response));
  const objectBytes = Number(headers['content-range']?.split('/')[1] ?? headers['content-length']);
  return { etag: headers.etag ?? '', body: openBody(response), objectBytes };
}

/** S3 refused a request. The error is named after S3's code, like the SDK's errors. */
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

/**
 * A range has no checksum of its own. The checksum of a multipart upload (with a `-`) is not one of the whole object.
 */
function openBody(response: IncomingMessage): Readable {
  const expected = response.headers['x-amz-checksum-crc32'];
  if (response.statusCode !== 200 || typeof expected !== 'string' || expected.includes('-')) return response;
  return Readable.from(verifyChecksum(response, expected), { objectMode: false });
}

/** Passes the body on, and fails at its end if its CRC32 is not the one that S3 has stored. */
async function* verifyChecksum(body: Readable, expected: string): AsyncGenerator<Buffer> {
  const { crc32 } = process.getBuiltinModule('node:zlib');
  let sum = 0;
  for await (const chunk of body) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (Buffer.from(expected, 'base64').readUInt32BE() !== sum) throw new TransferError('the body has another checksum');
}

/** What a signature is made with. */
export interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly time: Date;
}

type Headers = Readonly<Record<string, string>>;

const algorithm = 'AWS4-HMAC-SHA256';
const emptyBody = createHash('sha256').digest('hex');

/**
 * Creates the headers that authorize a GET without a query: AWS Signature Version 4 for S3.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signGet({ host, pathname }: URL, { credentials, region, time }: Signing): Headers {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const stamp = formatTimestamp(time);
  const scope = `${stamp.slice(0, 8)}/${region}/s3/aws4_request`;
  const token = sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken };
  const headers: Headers = { host, 'x-amz-content-sha256': emptyBody, 'x-amz-date': stamp, ...token };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['GET', pathname, '', lines.join(''), names, emptyBody].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(sign, `AWS4${secretAccessKey}`);
  const signature = sign(key, [algorithm, stamp, scope, hash(request)].join('\n')).toString('hex');
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** `20261123T081500Z`. */
const formatTimestamp = (time: Date) => time.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const sign = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
