// Reads one SSM parameter. aws4fetch signs: the AWS SDK would take 40 ms of a cold start (docs/decisions/0040-reading-s3-without-the-sdk.md).
import { AwsClient } from 'aws4fetch';

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds after which a request for a parameter is given up. */
const timeoutMs = 3000;

/** The address of SSM in a region, or the one that the environment names. */
function locate(region: string, { AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL }: Environment): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return AWS_ENDPOINT_URL_SSM || AWS_ENDPOINT_URL || `https://ssm.${region}.${domain}`;
}

/**
 * Reads a parameter and decrypts it, with the credentials and the region of the function's environment.
 *
 * @returns undefined if there is no such parameter.
 * @throws Error that names SSM's code for any other failure.
 */
export async function readParameter(name: string, environment: Environment): Promise<string | undefined> {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN, AWS_REGION = '' } = environment;
  const client = new AwsClient({
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    service: 'ssm',
    region: AWS_REGION,
    retries: 1,
  });
  const response = await client.fetch(locate(AWS_REGION, environment), {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': 'AmazonSSM.GetParameter' },
    body: JSON.stringify({ Name: name, WithDecryption: true }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json()) as { __type?: string; Parameter?: { Value: string } };
  if (response.ok && answer.Parameter) return answer.Parameter.Value;
  const code = answer.__type?.split('#').at(-1) ?? String(response.status);
  if (code === 'ParameterNotFound') return undefined;
  throw new Error(`The parameter ${name} cannot be read: ${code}.`);
}
