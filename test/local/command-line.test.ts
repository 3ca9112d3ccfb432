import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Runs a built command and waits until it ends. */
function run(file: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built.path(`local/${file}.mjs`), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A command, how it is called, and the words that its help must have. */
const commands: readonly (readonly [file: string, call: string, words: readonly string[]])[] = [
  ['serve', 'npm start --', ['--port', '--host', '--workers', '--queue', 'MODEL_URI']],
  [
    'score',
    'npm run score --',
    ['<file>', '--out', '--text-column', '--no-labels', '--polar', '--workers', 'MODEL_URI'],
  ],
  ['smoke', 'npm run smoke --', ['<url>', '--region', '--header', 'Exit code']],
  [
    'model',
    'npm run model --',
    ['list', 'show', 'diff', 'verify', 'promote', 'rollback', 'hold', '--dry-run', '--store'],
  ],
  ['train-data', 'npm run train:data --', ['put <path>', '--stage', '--name', 'training/data/']],
  ['train-submit', 'npm run train:submit --', ['--stage', '--detach', '--follow', 'train.py', 'Exit code']],
];

it.each(commands)('%s prints its help and its version', (file, call, words) => {
  const help = run(file, '--help');
  expect(help).toMatchObject({ status: 0, stderr: '' });
  for (const word of [`Usage: ${call} `, '--help', '--version', ...words]) expect(help.stdout).toContain(word);
  expect(run(file, '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

it.each(commands)('%s refuses an unknown flag', (file) => {
  const stderr = "Unknown option '--nonsense'. --help lists what there is.\n";
  expect(run(file, '--nonsense')).toEqual({ status: 2, stdout: '', stderr });
});

it.each([
  ['serve', 'port', '0 to 65535', []],
  ['serve', 'workers', '1 to 256', []],
  ['serve', 'queue', '0 to 100000', []],
  ['score', 'workers', '1 to 256', ['reviews.csv']],
])('%s refuses a bad number of --%s', (file, flag, range, args) => {
  const stderr = `--${flag} takes a whole number from ${range}, not "many".\n`;
  expect(run(file, ...args, `--${flag}`, 'many')).toEqual({ status: 2, stdout: '', stderr });
});

it('a subcommand prints its own help, with the flags that all subcommands take', () => {
  const { status, stdout } = run('model', 'promote', '--help');
  expect(status).toBe(0);
  for (const word of ['Usage: npm run model -- promote ', '--force', '--dry-run', '--store'])
    expect(stdout).toContain(word);
});
