import { createLog, describeFailure } from '../../../layers/telemetry/index.ts';

function record(level: 'debug' | 'warn') {
  const lines: string[] = [];
  return { lines, log: createLog({ level, fields: { initType: 'on-demand' }, write: (line) => lines.push(line) }) };
}

it('writes one line of JSON, whatever the fields hold', () => {
  const { lines, log } = record('debug');
  log.info('model loaded', { reason: 'first\nsecond', modelVersion: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(String(lines[0]))).toMatchObject({
    level: 'info',
    message: 'model loaded',
    initType: 'on-demand',
    reason: 'first\nsecond',
  });
});

it('leaves out lines below its level', () => {
  const { lines, log } = record('warn');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('message');
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'error']);
});

it('keeps the cause of an error', () => {
  const error = new Error('cannot load', { cause: new TypeError('no such file') });
  expect(describeFailure(error)).toMatchObject({
    name: 'Error',
    message: 'cannot load',
    cause: { name: 'TypeError', message: 'no such file' },
  });
  expect(describeFailure('a word')).toEqual({ message: 'a word' });
});
