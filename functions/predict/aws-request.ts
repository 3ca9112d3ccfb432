// One request to a service of AWS that speaks JSON. aws4fetch signs: the AWS SDK would take 40 ms of a cold start
// (docs/decisions/0040-reading-s3-without-the-sdk.md).
import { AwsClient } from 'aws4fetch';

/** Variables by name. */
export type AwsEnvironment = Readonly<Record<string, string | undefined>>;

/** Milliseconds after which a request is given up. */
const timeoutMs = 3000;

/** The address of a service in a region, or the one that the environment names. */
function locate(service: string, region: string, environment: AwsEnvironment): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const own = environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`];
  return own || environment.AWS_ENDPOINT_URL || `https://${service}.${region}.${domain}`;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * The credentials of the function. With SnapStart the environment has none, which would be the same in every copy, but names a
 * server on this machine that gives them.
 */
async function findCredentials(environment: AwsEnvironment, signal: AbortSignal): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN } = environment;
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: address, AWS_CONTAINER_AUTHORIZATION_TOKEN: token = '' } = environment;
  if (AWS_ACCESS_KEY_ID || !address)
    return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN };
  const response = await fetch(address, { headers: { Authorization: token }, signal });
  const given = (await response.json()) as Partial<Record<'AccessKeyId' | 'SecretAccessKey' | 'Token', string>>;
  return {
    accessKeyId: given.AccessKeyId ?? '',
    secretAccessKey: given.SecretAccessKey ?? '',
    sessionToken: given.Token,
  };
}

/** An answer, and the service's code of the error if it is one. */
export interface AwsAnswer<T> {
  readonly body: Partial<T>;
  readonly error: string | undefined;
}

/**
 * Sends a request, with the credentials and the region of the function's environment. Tries once more after a failure.
 *
 * @param target - `X-Amz-Target`, such as `AmazonSSM.GetParameter`.
 * @throws Error if no answer came in time.
 */
export async function requestAws<T>(
  service: string,
  target: string,
  body: object,
  environment: AwsEnvironment,
): Promise<AwsAnswer<T>> {
  const { AWS_REGION = '' } = environment;
  const signal = AbortSignal.timeout(timeoutMs);
  const { sessionToken, ...keys } = await findCredentials(environment, signal);
  const client = new AwsClient({
    ...keys,
    ...(sessionToken && { sessionToken }),
    service,
    region: AWS_REGION,
    retries: 1,
  });
  const response = await client.fetch(locate(service, AWS_REGION, environment), {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': target },
    body: JSON.stringify(body),
    signal,
  });
  const answer = (await response.json()) as Partial<T> & { readonly __type?: string };
  const error = response.ok ? undefined : (answer.__type?.split('#').at(-1) ?? String(response.status));
  return { body: answer, error };
}
