// What the tests of images have in common: the choice of base image, the order of the checks, the exit code.
import { parseArgs } from 'node:util';
import { prepareEnvironment } from '../python.mjs';
import { createChecks } from './checks.mjs';
import { createCleanup } from './cleanup.mjs';
import { requireTools } from './tools.mjs';

function readOptions() {
  const { values } = parseArgs({ options: { base: { type: 'string', default: 'stand-in' } } });
  if (!['real', 'stand-in'].includes(values.base)) throw new Error(`--base is real or stand-in, not ${values.base}.`);
  return { real: values.base === 'real' };
}

async function test(options, { build, checkContent, checkRunning }) {
  requireTools();
  prepareEnvironment();
  const image = build(options);
  const checks = createChecks();
  await checkContent(image, checks);
  const cleanup = createCleanup();
  try {
    await checkRunning(image, { ...checks, cleanup });
  } finally {
    await cleanup.now();
  }
  return checks.finish();
}

/**
 * Builds an image, by the command line's `--base` over its real base or a stand-in, and checks it: first at rest, then running.
 * Sets the process's exit code.
 */
export async function testImage(parts) {
  const options = readOptions();
  try {
    process.exitCode = (await test(options, parts)) ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
