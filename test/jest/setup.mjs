import { existsSync } from 'node:fs';
import { motoBinary, startMoto } from '../s3/moto.mjs';

const start = async () => {
  // Tests without S3 may run before the Python environment exists; those with S3 then fail and name what is missing.
  if (!existsSync(motoBinary()))
    return console.warn(`\nNo S3 for tests: ${motoBinary()} is missing (npm test makes it).`);
  globalThis.motoForTests = await startMoto();
  process.env.TEST_S3_ENDPOINT = globalThis.motoForTests.endpoint;
};

/** One moto for the whole run, unless `TEST_S3_ENDPOINT` names a server that already runs. */
export default async function setUp() {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' });
  if (!process.env.TEST_S3_ENDPOINT) await start();
}
