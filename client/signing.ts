import { AwsClient } from 'aws4fetch';

/** An account's credentials, as the AWS SDK gives them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary credentials have a token. */
  readonly sessionToken?: string | undefined;
}

/** What requests to a stage with `authorizer: iam` are signed with. */
export interface AwsAccess {
  /** Region of the stage. */
  readonly region: string;
  /** Credentials, or what provides them: `fromNodeProviderChain()` of the AWS SDK, for instance. */
  readonly credentials: AwsCredentials | (() => Promise<AwsCredentials>);
}

/** Signs a request. */
export type Sign = (request: Request) => Promise<Request>;

/** Creates a signer for API Gateway: AWS Signature Version 4. Each attempt is signed anew, since a signature has a time in it. */
export function createSigner({ region, credentials }: AwsAccess): Sign {
  return async (request) => {
    const { sessionToken, ...pair } = typeof credentials === 'function' ? await credentials() : credentials;
    const client = new AwsClient({ ...pair, ...(sessionToken && { sessionToken }), service: 'execute-api', region });
    return client.sign(request);
  };
}
