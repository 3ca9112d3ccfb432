import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTally, runChecks } from '../../.ci/queue.mjs';

const folder = mkdtempSync(join(tmpdir(), 'queue-'));

/** A command that runs a script of its own. */
function makeCommand(name: string, script: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, script);
  return `${process.execPath} ${file}`;
}

async function run(checks: Parameters<typeof runChecks>[0]) {
  let printed = '';
  const found = await runChecks(checks, (text) => {
    printed += text;
  });
  return { ...found, printed };
}

it.each([
  ['a\n3 passed, 0 failed\n12 passed, 0 failed\n', 0, { passed: 12, failed: 0 }],
  ['12 passed, 2 failed\n', 1, { passed: 12, failed: 2 }],
  ['12 passed, 0 failed\n', 1, { passed: 12, failed: 1 }],
  ['12 passed, 0 failed\nkilled', 'SIGKILL', { passed: 12, failed: 1 }],
  ['well', 0, { passed: 1, failed: 0 }],
  ['about 3 passed, 0 failed', 1, { passed: 0, failed: 1 }],
])('reads the tally of %j', (output, status, tally) => {
  expect(readTally(output, status)).toEqual(tally);
});

it('runs checks side by side, adds up their tallies, and prints each output whole', async () => {
  // Each of the two waits for the other.
  const wait = (own: string, other: string) => `
    import { existsSync, writeFileSync } from 'node:fs';
    console.log('${own} begins');
    writeFileSync(${JSON.stringify(folder)} + '/${own}', '');
    while (!existsSync(${JSON.stringify(folder)} + '/${other}')) await new Promise((resolve) => setTimeout(resolve, 5));
    console.log('${own} ends\\n2 passed, 1 failed');`;
  const commands = [makeCommand('one', wait('first', 'second')), makeCommand('two', wait('second', 'first'))];
  const { passed, failed, printed } = await run(commands.map((command, place) => ({ command, idle: place === 1 })));
  expect({ passed, failed }).toEqual({ passed: 4, failed: 2 });
  expect(printed).toContain('first begins\nfirst ends\n');
  expect(printed).toContain('second begins\nsecond ends\n');
});

it('starts a check when those that it comes after have ended, passed or not', async () => {
  const broken = makeCommand('broken', 'console.log("broken"); process.exit(3);');
  const last = makeCommand('last', 'console.log("last");');
  const { passed, failed, printed, seconds } = await run([
    { command: broken },
    { command: '/no/such/command' },
    { command: last, after: [broken, '/no/such/command'] },
  ]);
  expect({ passed, failed }).toEqual({ passed: 1, failed: 2 });
  expect(printed).toContain(`broken\n${broken} ended with 3.\n`);
  expect(printed).toContain('/no/such/command ended with spawn /no/such/command ENOENT.\n');
  expect(printed.indexOf(`-- ${last} starts`)).toBeGreaterThan(printed.indexOf('ended with 3'));
  expect(Object.keys(seconds)).toHaveLength(3);
});

it('refuses a check that comes after a later one', async () => {
  const checks = [{ command: 'true', after: ['false'] }, { command: 'false' }];
  await expect(run(checks)).rejects.toThrow('true comes after false, which is not before it in the list.');
});

it('starts no check after a signal', async () => {
  const asleep = makeCommand('asleep', 'setTimeout(() => undefined, 60_000); console.log("asleep");');
  const found = run([{ command: asleep }, { command: 'true', after: [asleep] }]);
  setTimeout(() => process.emit('SIGTERM'), 500);
  const { passed, failed, printed } = await found;
  expect({ passed, failed }).toEqual({ passed: 0, failed: 2 });
  expect(printed).toContain(`${asleep} ended with SIGTERM.`);
  expect(printed).not.toContain('-- true starts');
});
