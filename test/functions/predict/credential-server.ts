// A server that gives credentials as Lambda's does for a function with SnapStart, whose environment has none.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The server, what it has given, and the variables that name it. */
export interface CredentialServer {
  /** The access keys that it has given, new ones each time. */
  readonly keys: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/** Starts the server on a free port of the loopback address. */
export async function startCredentialServer(): Promise<CredentialServer> {
  const keys: string[] = [];
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'a token') return void response.writeHead(403).end();
    const AccessKeyId = `key-${keys.length + 1}`;
    keys.push(AccessKeyId);
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    const credentials = { AccessKeyId, SecretAccessKey: 'secret', Token: 'session', Expiration };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(credentials));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const environment = {
    AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a token',
  };
  return { keys, environment, close: () => void server.close() };
}
