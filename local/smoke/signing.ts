import { CloudFormationClient } from '@aws-sdk/client-cloudformation';

/** The headers of a GET or another request without a body, with a signature among them. */
export type Sign = (method: string, url: URL) => Promise<Readonly<Record<string, string>>>;

/**
 * Signs for API Gateway with the credentials that the AWS tools would use. The signer is a client's own: of the clients at
 * hand CloudFormation's is the one with nothing special about paths.
 */
export function createSigner(region: string): Sign {
  const { config } = new CloudFormationClient({ region });
  const signing = config.signer({ name: 'sigv4', signingName: 'execute-api', signingRegion: region, properties: {} });
  return async (method, url) => {
    const query = Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)]));
    const { protocol, hostname, pathname: path } = url;
    const headers = { host: url.host };
    const signed = await (await signing).sign({ method, protocol, hostname, path, query, headers });
    const { host: _, ...rest } = signed.headers;
    return rest;
  };
}
