import { UsageError } from '../../../local/command-line.ts';
import { readServeOptions } from '../../../local/serving/options.ts';

it('listens on port 5000 with one worker unless told otherwise', () => {
  expect(readServeOptions([])).toMatchObject({ port: 5000, workers: 1, help: false });
});

it('reads every flag', () => {
  const args = ['--port', '0', '--host', '0.0.0.0', '--workers=4', '--queue', '9'];
  expect(readServeOptions(args)).toEqual({ port: 0, host: '0.0.0.0', workers: 4, queueDepth: 9, help: false });
});

it.each([
  [['--port', 'http'], /^--port takes a whole number from 0 to 65535, not "http"\.$/],
  [['--port', '65536'], /--port/],
  [['--workers', '0'], /--workers takes a whole number from 1/],
  [['--workers', '1.5'], /"1\.5"/],
  [['--queue='], /--queue/],
  [['--prot', '80'], /Unknown option '--prot'\. --help lists/],
  [['--port'], /--port/],
  [['8080'], /8080/],
])('refuses %j in one sentence', (args, sentence) => {
  expect(() => readServeOptions(args)).toThrow(UsageError);
  expect(() => readServeOptions(args)).toThrow(sentence);
});
