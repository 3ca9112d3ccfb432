import type { FeedbackOptions } from '../../local/feedback.ts';
import { createDataCommand, type DataOptions } from '../../local/train-data.ts';

/** Returns the options that the arguments give. */
async function readOptions(args: readonly string[]): Promise<readonly (DataOptions | FeedbackOptions)[]> {
  const given: (DataOptions | FeedbackOptions)[] = [];
  const keep = async (options: DataOptions | FeedbackOptions) => void given.push(options);
  await createDataCommand({ put: keep, feedback: keep }).parseAsync(args, { from: 'user' });
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

  it("reads a stage's feedback, or a file of it", async () => {
    expect(await readOptions(['feedback', '--stage', 'prod', '--out', 'x.csv'])).toEqual([
      { stage: 'prod', out: 'x.csv' },
    ]);
    expect(await readOptions(['feedback', '--from', 'x.jsonl'])).toEqual([{ stage: 'dev', from: 'x.jsonl' }]);
  });

  it.each([
    ['nothing', [], 'Which command? put, feedback.'],
    ['an unknown subcommand', ['get', 'imdb.csv'], "Unknown command 'get'."],
    ['no path', ['put'], "Missing required argument 'path'."],
    ['two paths', ['put', 'a.csv', 'b.csv'], "Too many arguments for 'put'. Expected 1 argument but got 2."],
    ['an unknown flag', ['put', 'a.csv', '--force'], "Unknown option '--force'."],
    ['a name with a slash', ['put', 'a.csv', '--name', 'x/y'], '--name takes letters'],
  ])('refuses %s', async (_what, args, sentence) => {
    await expect(readOptions(args)).rejects.toThrow(sentence);
  });
});
