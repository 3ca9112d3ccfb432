import { readModelOptions } from '../../../local/model/options.ts';

it('reads a command with its versions and flags', () => {
  expect(readModelOptions(['promote', '3f9a1c2', '--store', 's3://models/prod', '--force', '--dry-run'])).toMatchObject(
    {
      command: 'promote',
      versions: ['3f9a1c2'],
      store: 's3://models/prod',
      force: true,
      dryRun: true,
      lift: false,
    },
  );
  expect(readModelOptions(['--help'])).toBeUndefined();
});

it.each([
  [[], 'Which command? list, show, diff'],
  [['delete', 'x'], 'There is no command "delete"'],
  [['show'], 'show takes one version, not 0.'],
  [['diff', 'a'], 'diff takes two versions, not 1.'],
  [['list', 'a'], 'list takes no version, not 1.'],
  [['list', '--force'], '--force belongs to promote, not to list.'],
  [['verify', 'a', '--dry-run'], '--dry-run belongs to promote and rollback and hold, not to verify.'],
  [['list', '--nonsense'], "Unknown option '--nonsense'"],
])('refuses %j in one sentence', (args, sentence) => {
  expect(() => readModelOptions(args)).toThrow(sentence);
});
