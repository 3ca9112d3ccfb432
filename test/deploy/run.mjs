// `npm run test:deploy`: a whole deployment, from `serverless deploy` to an answer and to `serverless remove`, against an
// emulated account. The image is built with the docker command, pushed to a registry and run as Lambda runs it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChecks } from '../image/checks.mjs';
import { createCleanup } from '../image/cleanup.mjs';
import { provideLambdaBase } from '../image/lambda-base.mjs';
import { baseName } from '../image/lambda-image.mjs';
import { prepareEnvironment } from '../python.mjs';
import { registryName, startAccount } from './account.mjs';
import { copyCheckout } from './checkout.mjs';
import { startEngine } from './engine.mjs';
import { checkLife } from './life.mjs';
import { checkRefusals } from './refusals.mjs';
import { startRegistry } from './registry.mjs';
import { requireTools } from './tools.mjs';

/** Starts what stands in for AWS and for the person's machine. */
async function prepare(cleanup) {
  const folder = mkdtempSync(join(tmpdir(), 'serverless-bert-deploy-'));
  cleanup.later(async () => rmSync(folder, { recursive: true, force: true }));
  const account = await startAccount();
  cleanup.later(account.stop);
  const registry = await startRegistry(folder, registryName);
  cleanup.later(registry.stop);
  const engine = await startEngine(folder, registry);
  cleanup.later(engine.stop);
  const checkout = copyCheckout(folder, { ...account.env, ...engine.env });
  return { folder, account, registry, engine, checkout, cleanup };
}

async function test() {
  requireTools();
  prepareEnvironment();
  provideLambdaBase(baseName, { real: false });
  const { check, finish } = createChecks();
  const cleanup = createCleanup();
  try {
    const rehearsal = { check, ...(await prepare(cleanup)) };
    await checkRefusals(rehearsal);
    await checkLife(rehearsal);
  } finally {
    await cleanup.now();
  }
  return finish();
}

try {
  process.exitCode = (await test()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
