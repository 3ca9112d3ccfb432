import { readSubmitOptions } from '../../local/train-submit.ts';

describe('npm run train:submit', () => {
  it('passes everything after -- to train.py', () => {
    expect(readSubmitOptions(['--stage', 'prod', '--', '--epochs', '3', '--help'])).toEqual({
      stage: 'prod',
      detach: false,
      follow: undefined,
      flags: ['--epochs', '3', '--help'],
    });
  });

  it('refuses flags for a run that has started', () => {
    expect(() => readSubmitOptions(['--follow', 'id', '--', '--epochs', '3'])).toThrow('--follow takes neither');
    expect(() => readSubmitOptions(['--follow', 'id', '--detach'])).toThrow('--follow takes neither');
  });
});
