import { createDataCommand, type DataOptions } from '../../local/train-data.ts';

/** Returns the options that the arguments give. */
async function readOptions(args: readonly string[]): Promise<readonly DataOptions[]> {
  const given: DataOptions[] = [];
  await createDataCommand(async (options) => void given.push(options)).parseAsync(args, { from: 'user' });
  return given;
}

describe('npm run train:data', () => {
  it('uploads one path to a stage', async () => {
    expect(await readOptions(['put', 'imdb.csv'])).toEqual([{ path: 'imdb.csv', stage: 'dev' }]);
    expect(await readOptions(['put', 'x.csv', '--stage', 'prod', '--name', 'imdb.csv'])).toEqual([
      { path: 'x.csv', stage: 'prod', name: 'imdb.csv' },
    ]);
    expect(await readOptions(['--stage', 'prod', 'put', 'x.csv'])).toEqual([{ path: 'x.csv', stage: 'prod' }]);
  });

  it.each([
    ['nothing', [], 'Which command? put.'],
    ['an unknown subcommand', ['get', 'imdb.csv'], "Unknown command 'get'."],
    ['no path', ['put'], "Missing required argument 'path'."],
    ['two paths', ['put', 'a.csv', 'b.csv'], "Too many arguments for 'put'. Expected 1 argument but got 2."],
    ['an unknown flag', ['put', 'a.csv', '--force'], "Unknown option '--force'."],
    ['a name with a slash', ['put', 'a.csv', '--name', 'x/y'], '--name takes letters'],
  ])('refuses %s', async (_what, args, sentence) => {
    await expect(readOptions(args)).rejects.toThrow(sentence);
  });
});
