// The project as somebody has it who deploys it: a copy of this checkout, in which commands are run as the documentation says.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const parts = [
  ...['serverless.yml', 'infra', 'Dockerfile.lambda', '.dockerignore', '.npmrc', 'package.json', 'package-lock.json'],
  ...['build.mjs', 'functions', 'layers', 'local', 'models'],
];

/** Nothing of the caller's account, tools or colours. */
const cleanEnvironment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|SLS_|DOCKER_|npm_)/.test(name)));

function run(command, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
}

/** What a command printed, or an Error with it if it failed. */
export function expectSuccess({ code, output }) {
  if (code !== 0) throw new Error(`It ended with ${code}:\n${output.trim().split('\n').slice(-25).join('\n')}`);
  return output;
}

/**
 * Copies the checkout into `folder`.
 *
 * @param variables - of the environment that its commands run in.
 * @returns `serverless(words, more)` and `npm(words, more)`, which resolve to `code` and `output`; `more` are variables for
 * one command, where `undefined` takes one away.
 */
export function copyCheckout(folder, variables) {
  const copy = join(folder, 'checkout');
  mkdirSync(copy);
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const program = join(copy, 'node_modules', 'osls', 'bin', 'serverless.js');
  const environment = (more) => ({
    ...cleanEnvironment(),
    ...{ HOME: folder, NO_COLOR: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    ...variables,
    ...more,
  });
  return {
    folder: copy,
    serverless: (words, more) => run(process.execPath, [program, ...words], { cwd: copy, env: environment(more) }),
    npm: (words, more) => run('npm', words, { cwd: copy, env: environment(more) }),
  };
}
