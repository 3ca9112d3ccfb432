// The S3 server of the tests, for a campaign.
import { resolve } from 'node:path';
import { startMoto } from '../s3/moto.mjs';

/** A running server, which clients find in the environment. */
export interface S3Server {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts the server, and puts its address and credentials into the environment of this process and of its children. */
export async function startS3(): Promise<S3Server> {
  process.env.MOTO_SERVER ??= resolve('.venv', 'bin', 'moto_server');
  const { endpoint, stop } = await startMoto();
  const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const region = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' };
  Object.assign(process.env, { ...credentials, ...region, AWS_ENDPOINT_URL: endpoint, TEST_S3_ENDPOINT: endpoint });
  return { endpoint, stop };
}
