import { readDataOptions } from '../../../local/train/data-options.ts';
import { readSubmitOptions } from '../../../local/train/submit-options.ts';

describe('npm run train:data', () => {
  it('uploads one path to a stage', () => {
    expect(readDataOptions(['put', 'imdb.csv'])).toMatchObject({ path: 'imdb.csv', stage: 'dev', name: undefined });
    expect(readDataOptions(['put', 'x.csv', '--stage', 'prod', '--name', 'imdb.csv'])).toMatchObject({
      stage: 'prod',
      name: 'imdb.csv',
    });
  });

  it.each([
    ['nothing', [], 'Say what to upload'],
    ['a verb that there is not', ['get', 'imdb.csv'], 'Say what to upload'],
    ['two paths', ['put', 'a.csv', 'b.csv'], 'Say what to upload'],
    ['a flag that there is not', ['put', 'a.csv', '--force'], "Unknown option '--force'"],
    ['a name with a slash', ['put', 'a.csv', '--name', 'x/y'], '--name takes letters'],
  ])('refuses %s', (_what, args, sentence) => {
    expect(() => readDataOptions(args)).toThrow(sentence);
  });

  it('needs no path for its help', () => {
    expect(readDataOptions(['--help']).help).toBe(true);
  });
});

describe('npm run train:submit', () => {
  it('gives what stands after -- to train.py, whatever it looks like', () => {
    expect(readSubmitOptions(['--stage', 'prod', '--', '--epochs', '3', '--help'])).toEqual({
      stage: 'prod',
      detach: false,
      follow: undefined,
      flags: ['--epochs', '3', '--help'],
      help: false,
    });
  });

  it('refuses flags for a run that has started', () => {
    expect(() => readSubmitOptions(['--follow', 'id', '--', '--epochs', '3'])).toThrow('--follow takes neither');
    expect(() => readSubmitOptions(['--follow', 'id', '--detach'])).toThrow('--follow takes neither');
  });
});
