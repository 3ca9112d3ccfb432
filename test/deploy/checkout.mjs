// The project of the person who deploys it: a copy of this checkout, in which commands run as the documentation says.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchChild } from '../containers/tools.mjs';

const root = join(import.meta.dirname, '..', '..');
const parts = [
  ...['serverless.yml', 'infra', 'Dockerfile.lambda', 'Dockerfile.train', '.dockerignore', '.npmrc'],
  ...['package.json', 'package-lock.json'],
  ...['build.mjs', 'functions', 'layers', 'local', 'models', 'supply-chain', 'training'],
];

/** The caller's environment without account, tools and colours. */
const cleanEnvironment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|SLS_|DOCKER_|npm_|NODE_OPTIONS$)/.test(name)),
  );

async function run(command, args, options) {
  const { exited, output } = watchChild(spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
  return { code: await exited, output: output() };
}

/** What a command printed. Throws an Error with the last lines of it if the command failed. */
export function expectSuccess({ code, output }) {
  if (code !== 0) throw new Error(`It ended with ${code}:\n${output.trim().split('\n').slice(-25).join('\n')}`);
  return output;
}

/**
 * Copies the checkout into `folder`. Its training image has no packages of Python: they are ten gigabytes, and the suite
 * test:train-image builds the image with them.
 *
 * @param variables - variables of the environment that its commands run in.
 * @returns `serverless(words, more)` and `npmRun(words)`, which resolve to `code` and `output`. `more` are variables for one
 * command, where `undefined` takes one away.
 */
export function copyCheckout(folder, variables) {
  const copy = join(folder, 'checkout');
  mkdirSync(copy);
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const name of ['requirements', 'requirements-cuda', 'requirements-sbom'])
    writeFileSync(join(copy, 'training', `${name}.lock`), '');
  writeFileSync(join(copy, 'supply-chain', 'python_sbom.py'), "import sys\n\nopen(sys.argv[3], 'w').close()\n");
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const program = join(copy, 'node_modules', 'osls', 'bin', 'serverless.js');
  const environment = (more) => ({
    ...cleanEnvironment(),
    ...{ HOME: folder, NO_COLOR: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    ...variables,
    ...more,
  });
  return {
    serverless: (words, more = {}) => run(process.execPath, [program, ...words], { cwd: copy, env: environment(more) }),
    npmRun: (...words) => run('npm', ['run', '--silent', ...words], { cwd: copy, env: environment({}) }),
  };
}
