// Runs checks side by side, each when those that it comes after have ended, and prints the output of each whole when it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} Check
 * @property {string} command - words of a command, divided by spaces. It is the check's name.
 * @property {readonly string[]} [after] - earlier checks of the list that have to end before, whether they pass or not.
 * @property {boolean} [idle] - it takes only the processor time that the others leave.
 */

/** The last line "N passed, N failed" of an output is its tally. Without one, it is one check. A failed command has a failure. */
export function readTally(output, status) {
  const line = output.match(/^\d+ passed, \d+ failed$/gm)?.at(-1) ?? (status === 0 ? '1 0' : '0 1');
  const [passed, failed] = line.match(/\d+/g).map(Number);
  return { passed, failed: status === 0 ? failed : Math.max(1, failed) };
}

/** Runs a command to its end. Its output goes to a file: nobody waits for a pipe that a process it left behind holds open. */
async function runCommand(words, file, running) {
  const output = openSync(file, 'w');
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', output, output] });
  closeSync(output);
  running.add(child);
  const status = await once(child, 'exit').then(
    ([code, signal]) => code ?? signal,
    (error) => error.message,
  );
  running.delete(child);
  return { status, output: readFileSync(file, 'utf8') };
}

function refuseOrder(checks) {
  const before = new Set();
  for (const { command, after = [] } of checks) {
    const missing = after.find((name) => !before.has(name));
    if (missing) throw new Error(`${command} comes after ${missing}, which is not before it in the list.`);
    before.add(command);
  }
}

/**
 * Runs all checks. SIGINT and SIGTERM go to those that run, and no other starts.
 *
 * @param {readonly Check[]} checks
 * @param {(text: string) => void} print
 * @returns the sum of the tallies, and the seconds of each check by its command.
 * @throws Error if a check comes after one that is not before it in the list.
 */
export async function runChecks(checks, print) {
  refuseOrder(checks);
  const folder = mkdtempSync(join(tmpdir(), 'checks-'));
  const [running, ended, seconds] = [new Set(), new Map(), {}];
  let stopped = false;
  const run = async ({ command, after = [], idle }, place) => {
    await Promise.all(after.map((name) => ended.get(name)));
    if (stopped) return { passed: 0, failed: 1 };
    print(`-- ${command} starts\n`);
    const begun = performance.now();
    const words = [...(idle ? ['nice', '-n', '19'] : []), ...command.split(' ')];
    const { status, output } = await runCommand(words, join(folder, `${place}.log`), running);
    seconds[command] = Math.round((performance.now() - begun) / 1000);
    print(`\n== ${command} (${seconds[command]} s)\n${output}`);
    if (status !== 0) print(`${command} ended with ${status}.\n`);
    return readTally(output, status);
  };
  const stop = (signal) => {
    stopped = true;
    for (const child of running) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  for (const [place, check] of checks.entries()) ended.set(check.command, run(check, place));
  const tallies = await Promise.all(ended.values());
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
  rmSync(folder, { recursive: true });
  const sum = (key) => tallies.reduce((total, tally) => total + tally[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), seconds };
}
