// `npm run test:api` lets schemathesis ask the server of `npm start` what its OpenAPI document allows and forbids: all checks, also
// requests that follow from answers, for three quarters of a minute. Ends with the line "N passed, N failed".
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { prepare } from '../python.mjs';

const root = join(import.meta.dirname, '..', '..');
const environment = join(root, '.cache', 'api-test');
const reports = mkdtempSync(join(tmpdir(), 'api-test-'));
const report = join(reports, 'junit.xml');

/** The same seed asks the same questions, as far as the time allows. */
const flags = [
  '--checks=all',
  '--max-time=45',
  '--seed=1',
  '--request-timeout=30',
  '--continue-on-failure',
  '--no-color',
];

const key = randomBytes(16).toString('hex');

/** Starts the server, with a key and with the route for feedback, and waits until it has its model. */
async function startServer() {
  const words = ['--port', '0', '--feedback', join(reports, 'feedback.jsonl')];
  const server = spawn(process.execPath, [join(root, 'dist', 'local', 'serve.mjs'), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, API_KEYS: key },
  });
  let address;
  for await (const line of createInterface({ input: server.stderr })) {
    address ??= line.match(/http:\/\/localhost:\d+/)?.[0];
    if (line.startsWith('Ready')) return { server, address };
  }
  throw new Error('The server ended before it was ready: run npm start to see why.');
}

/** Runs schemathesis to its end. The address is one of IPv4, on which the server listens. */
function ask(address) {
  const config = ['--config-file', join(import.meta.dirname, 'schemathesis.toml')];
  const document = `${address.replace('localhost', '127.0.0.1')}/openapi.json`;
  const reporting = ['--report=junit', `--report-junit-path=${report}`];
  const words = [...config, 'run', document, `--header=Authorization: Bearer ${key}`, ...flags, ...reporting];
  return spawnSync(join(environment, 'bin', 'schemathesis'), words, {
    stdio: 'inherit',
    cwd: reports,
  });
}

/** A run that ended before it could report counts as one failure. */
function readTally(succeeded) {
  const [suites] = existsSync(report) ? readFileSync(report, 'utf8').match(/<testsuites [^>]*>/) : [''];
  const count = (name) => Number(suites.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed: succeeded ? failed : Math.max(1, failed) };
}

prepare(environment, [join(import.meta.dirname, 'requirements.lock')]);
const { server, address } = await startServer();
const { status } = ask(address);
server.kill();
await once(server, 'exit');
const { passed, failed } = readTally(status === 0);
rmSync(reports, { recursive: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
