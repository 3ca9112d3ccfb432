// `npm test` runs types, lint and jest. Beside them it runs Python's format, lint, types and pytest, and prints their output last.
// Ends with the line "N passed, N failed".
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEnvironment } from './python.mjs';

const reports = mkdtempSync(join(tmpdir(), 'reports-'));
const jestReport = join(reports, 'jest.json');
const pytestReport = join(reports, 'pytest.xml');

const announce = (command) =>
  console.log(`\n> ${command.map((part) => part.replace(`${process.cwd()}/`, '')).join(' ')}`);

/** Runs a Node script to its end; true if it succeeded. */
function run(...command) {
  announce(command);
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status === 0;
}

/** Starts a Node script beside this one. The function it returns waits, prints what the script printed, and is true if it succeeded. */
function runBeside(...command) {
  const output = join(reports, 'beside.log');
  const file = openSync(output, 'w');
  const ended = once(spawn(process.execPath, command, { stdio: ['ignore', file, file] }), 'exit');
  return async () => {
    const [status] = await ended;
    announce(command);
    console.log(readFileSync(output, 'utf8'));
    return status === 0;
  };
}

const asTally = (succeeded) => ({ passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1 });

/** A runner that died before it could report counts as one failure. */
function readReport(read) {
  try {
    return read();
  } catch (error) {
    console.error(`No test report: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
}

function readJest() {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(jestReport, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
}

function readPytest() {
  const report = readFileSync(pytestReport, 'utf8');
  const count = (name) => Number(report.match(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`))[1]);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed };
}

/** The runner's own counts; if it failed without a failed test, one more. */
function tallyOf(succeeded, read) {
  const tally = readReport(read);
  return { ...tally, failed: succeeded ? tally.failed : Math.max(1, tally.failed) };
}

prepareEnvironment();
// Each of the two waits for processes half of its time. Side by side they take two thirds of their sum on two cores.
const finishPython = runBeside('test/pytest.mjs', `--junitxml=${pytestReport}`);
const tallies = [
  asTally(run('node_modules/typescript/bin/tsc', '--noEmit')),
  asTally(run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')),
  tallyOf(run('test/jest.mjs', '--json', `--outputFile=${jestReport}`), readJest),
  tallyOf(await finishPython(), readPytest),
];
rmSync(reports, { recursive: true });

const sum = (key) => tallies.reduce((total, tally) => total + tally[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
