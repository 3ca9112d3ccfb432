import { createLineWriter, createLog, openMeter } from '../../../layers/telemetry/index.ts';

it('writes the lines of one turn together, in their order, before what waits for the turn goes on', async () => {
  const written: string[] = [];
  const write = createLineWriter((lines) => written.push(lines));
  const answer = async () => {
    write('a\n');
    write('b\n');
  };
  await answer();
  expect(written).toEqual(['a\nb\n']);
  await answer();
  expect(written).toEqual(['a\nb\n', 'a\nb\n']);
});

it('takes lines of a log and of a meter', async () => {
  const written: string[] = [];
  const write = createLineWriter((lines) => written.push(lines));
  createLog({ level: 'info', write }).info('request');
  openMeter({ POWERTOOLS_SERVICE_NAME: 'predict' }, write).record([{ name: 'Tokens', unit: 'Count', value: 7 }]);
  await Promise.resolve();
  const [lines = '', ...more] = written;
  expect(more).toEqual([]);
  const [line, metrics] = lines
    .split('\n')
    .slice(0, 2)
    .map((text) => JSON.parse(text));
  expect(line).toMatchObject({ message: 'request' });
  expect(metrics).toMatchObject({ service: 'predict', Tokens: 7 });
});
