// An AWS account that is none: moto, and a way to ask it anything with the AWS SDK.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { binaries } from '../python.mjs';
import { startMoto } from '../s3/moto.mjs';

export const region = 'us-east-1';
/** ECR's name in images of moto's account. */
export const registryName = `123456789012.dkr.ecr.${region}.amazonaws.com`;

// Its words about the age of this Node would only be noise between the checks.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

// The deploy tool brings clients of all services that it uses; they are resolved as it resolves them.
const load = createRequire(createRequire(import.meta.url).resolve('osls/package.json'));

const findClient = (sdk) => sdk[Object.keys(sdk).find((name) => /^[A-Z]\w*Client$/.test(name))];

/**
 * Starts the account.
 *
 * @returns `env` of a shell that has it, `ask(service, command, input)`, such as `ask('iam', 'GetRole', { RoleName })`, and `stop()`.
 */
export async function startAccount() {
  const { endpoint, stop } = await startMoto([join(binaries, 'python'), join(import.meta.dirname, 'moto-server.py')]);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const clients = new Map();
  const ask = (service, command, input = {}) => {
    const sdk = load(`@aws-sdk/client-${service}`);
    if (!clients.has(service)) clients.set(service, new (findClient(sdk))({ endpoint, region, credentials }));
    return clients.get(service).send(new sdk[`${command}Command`](input));
  };
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { env, ask, stop };
}
