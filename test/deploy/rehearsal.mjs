// What stands in for AWS and for the machine of the person who deploys.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideLambdaBase } from '../containers/lambda-image.mjs';
import { requireTools } from '../containers/tools.mjs';
import { provideTrainBase } from '../train-image/train-image.mjs';
import { registryName, startAccount } from './account.mjs';
import { copyCheckout } from './checkout.mjs';
import { startEngine } from './engine.mjs';
import { startRegistry } from './registry.mjs';

/** Further commands by the Debian package that brings them. */
const packages = {
  docker: 'docker.io',
  'docker-registry': 'docker-registry',
  openssl: 'openssl',
  unshare: 'util-linux',
};

/** Starts an account, a registry, the docker command and a checkout. They end with the suite. */
export async function startRehearsal() {
  requireTools(packages);
  provideLambdaBase();
  provideTrainBase();
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  const account = await startAccount();
  const registry = await startRegistry(folder, registryName);
  const engine = await startEngine(folder, registry);
  const checkout = copyCheckout(folder, { ...account.env, ...engine.env });
  return { folder, account, registry, engine, checkout };
}
