import { createHash, createHmac } from 'node:crypto';

/** Who asks, as Lambda says it in a function's environment. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials have one. */
  readonly sessionToken: string | undefined;
}

/** What a signature is for. */
export interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly time: Date;
}

type Headers = Readonly<Record<string, string>>;

const algorithm = 'AWS4-HMAC-SHA256';
const emptyBody = createHash('sha256').digest('hex');

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const seal = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** A key as it stands in an address: everything escaped but letters, digits, `-_.~` and the slashes. */
export const escapeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');

/** `20261123T081500Z`. */
const formatTime = (time: Date) => time.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');

/**
 * The headers that make a GET without a query one of the account's: AWS Signature Version 4, S3's way.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signGet({ host, pathname }: URL, { credentials, region, time }: Signing): Headers {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const stamp = formatTime(time);
  const scope = `${stamp.slice(0, 8)}/${region}/s3/aws4_request`;
  const token = sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken };
  const headers: Headers = { host, 'x-amz-content-sha256': emptyBody, 'x-amz-date': stamp, ...token };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['GET', pathname, '', lines.join(''), names, emptyBody].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(seal, `AWS4${secretAccessKey}`);
  const signature = seal(key, [algorithm, stamp, scope, hash(request)].join('\n')).toString('hex');
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}
